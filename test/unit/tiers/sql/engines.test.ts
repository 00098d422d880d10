import { expect, it } from 'vitest';
import { untriedEngine } from '../../../../src/tiers/sql/engines.ts';
import { toMarks } from '../../../../src/tiers/sql/marks.ts';
import type { DatabaseName } from '../../../../src/tiers/sql/tag.ts';

type Shown = Readonly<Record<string, string>>;

/** Returns the name of the engine whose marks are these. */
const engineOf = (database: DatabaseName, shown: Shown): string | null =>
  untriedEngine(database, toMarks(Object.entries(shown).map(([name, value]) => ({ name, value }))));

/** What the engines show of themselves, as their documentation or their repositories print it. */
const ENGINES: readonly (readonly [engine: string, database: DatabaseName, shown: Shown, source: string])[] = [
  [
    'CockroachDB',
    'postgresql',
    { version: 'CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/06/02 00:00:00, go1.23.7)' },
    'cockroachlabs.com/docs/stable/cockroach-sql',
  ],
  [
    'YugabyteDB',
    'postgresql',
    { version: 'PostgreSQL 11.2-YB-2.18.0.1-b0 on x86_64-pc-linux-gnu, compiled by clang version 15.0.3, 64-bit' },
    'docs.yugabyte.com/stable/api/ysqlsh',
  ],
  [
    'Amazon Redshift',
    'postgresql',
    {
      version:
        'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.12103',
    },
    'docs.aws.amazon.com/redshift/latest/dg/r_VERSION.html',
  ],
  [
    'Amazon Aurora DSQL',
    'postgresql',
    { iam_pg_role_mappings: '' },
    'docs.aws.amazon.com/aurora-dsql/latest/userguide/using-database-and-iam-roles.html',
  ],
  [
    'Amazon Aurora',
    'postgresql',
    { aurora_version: '' },
    'docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora_version.html',
  ],
  [
    'AlloyDB',
    'postgresql',
    { 'alloydb.iam_authentication': 'off' },
    'cloud.google.com/alloydb/docs/reference/database-flags',
  ],
  ['Citus', 'postgresql', { pg_dist_partition: '' }, 'docs.citusdata.com/en/stable/develop/api_metadata.html'],
  [
    'TiDB',
    'mysql',
    { version: '8.0.11-TiDB-v8.2.0' },
    'docs.pingcap.com/tidb/stable/dev-guide-sample-application-nodejs-mysql2',
  ],
  [
    'Vitess or PlanetScale',
    'mysql',
    { version: '8.0.30-Customized', 'version()': '8.0.40-Vitess' },
    'github.com/vitessio/vitess/issues/17645',
  ],
  [
    'Vitess or PlanetScale',
    'mysql',
    { version: '5.7.33-0ubuntu0.18.04.1-log', 'version()': '5.7.9-vitess-10.0.0-SNAPSHOT' },
    'github.com/vitessio/vitess/issues/7491, github.com/vitessio/vitess/pull/7337',
  ],
  [
    'Amazon Aurora',
    'mysql',
    { aurora_version: '3.04.0' },
    'docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Updates.Versions.html',
  ],
  [
    'SingleStore',
    'mysql',
    {
      version: '5.5.8',
      version_comment: 'MemSQL source distribution (compatible; MySQL Enterprise & MySQL Commercial)',
    },
    'docs.singlestore.com/db/v9.1/connect-to-singlestore/connect-with-mysql/connect-with-mysql-client',
  ],
];

it.each(ENGINES)('%s is recognised (%s: %j, %s)', (engine, database, shown) => {
  expect(engineOf(database, shown)).toBe(engine);
});

it.each<[DatabaseName, Shown]>([
  [
    'postgresql',
    { version: 'PostgreSQL 17.6 (Debian 17.6-0+deb13u1) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit' },
  ],
  ['mysql', { version: '11.8.3-MariaDB-0+deb13u1 from Debian', 'version()': '11.8.3-MariaDB-0+deb13u1 from Debian' }],
  ['mysql', { version: '9.7.0', 'version()': '9.7.0', version_comment: 'MySQL Community Server - GPL' }],
  ['mysql', { version: '8.0.42-33', version_comment: 'Percona Server (GPL), Release 33, Revision 9dc49998' }],
  // What speaks as another database is none of the engines of that one.
  ['mysql', { version: 'CockroachDB CCL v25.2.1' }],
])('%s with %j is no engine that nobody has tried', (database, shown) => {
  expect(engineOf(database, shown)).toBeNull();
});
