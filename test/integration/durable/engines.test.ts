import { afterEach, describe, expect, it } from 'vitest';
import type { PrismaClientLike } from '../../../src/tiers/prisma/prisma-client.ts';
import { type PrismaProvider, prismaTier } from '../../../src/tiers/prisma/index.ts';
import { DATABASE_NAMES } from '../../../src/tiers/sql/tag.ts';
import { open } from '../../support/prisma-tier.ts';
import { migrate, openPrisma } from '../../support/servers/databases.ts';
import { startMariadb } from '../../support/servers/mariadb.ts';
import { mysqlFlavour } from '../../support/servers/mysql-flavours.ts';
import { freshDatabase } from '../../support/shared.ts';

interface Warning {
  readonly code?: string;
  readonly message: string;
}

const warnings: Warning[] = [];
const onWarning = (warning: Warning): void => void warnings.push(warning);
process.on('warning', onWarning);
afterEach(() => void warnings.splice(0));

/** Opens a tier, and returns what the process has warned of meanwhile. */
async function warningsOf(prisma: PrismaClientLike, provider: PrismaProvider): Promise<string[]> {
  await open(prismaTier(prisma, { provider }), 5_000);
  // A warning is emitted in the next turn.
  await new Promise(setImmediate);
  return warnings.filter(({ code }) => code === 'HOLDFAST_UNTRIED_ENGINE').map(({ message }) => message);
}

const returning = (name: string, text: string): string =>
  `CREATE FUNCTION engine.${name}() RETURNS text LANGUAGE sql AS $$ SELECT '${text}' $$`;

/** What each engine shows of itself, as its documentation has it, in a schema that PostgreSQL searches before its own. */
const ENGINES: readonly (readonly [engine: string, shows: string])[] = [
  ['CockroachDB', returning('version', 'CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/06/02, go1.23.7)')],
  ['YugabyteDB', returning('version', 'PostgreSQL 15.12-YB-2025.1.0.0-b0 on x86_64-pc-linux-gnu, compiled by clang')],
  [
    'Amazon Redshift',
    returning(
      'version',
      'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017, Redshift 1.0.12103',
    ),
  ],
  ['Amazon Aurora DSQL', 'CREATE VIEW engine.iam_pg_role_mappings AS SELECT 1 AS row'],
  ['Amazon Aurora', returning('aurora_version', '16.4.1')],
  ['Citus', 'CREATE TABLE engine.pg_dist_partition (logicalrelid regclass)'],
  [
    'AlloyDB',
    "CREATE VIEW engine.pg_settings AS SELECT 'alloydb.iam_authentication' AS name, 'off' AS setting, 'default' AS source",
  ],
];

describe('an engine that nobody has tried', () => {
  it.each(ENGINES)('is named by one warning of the process: %s', async (engine, shows) => {
    await using database = await freshDatabase('postgresql');
    await database.prisma.$executeRawUnsafe('CREATE SCHEMA engine');
    await database.prisma.$executeRawUnsafe(shows);
    const name = new URL(database.url).pathname.slice(1);
    await database.prisma.$executeRawUnsafe(`ALTER DATABASE "${name}" SET search_path = engine, pg_catalog, public`);
    const { prisma } = await database.open();
    const expected = [expect.stringMatching(new RegExp(`^The database is ${engine}, .*platforms\\.md#engines`))];
    expect(await warningsOf(prisma, 'postgresql')).toEqual(expected);
    expect(await warningsOf(prisma, 'postgresql')).toEqual(expected);
  });

  it.each(DATABASE_NAMES)('is not what the tests run on: %s', async (provider) => {
    await using database = await freshDatabase(provider);
    expect(await warningsOf(database.prisma, provider)).toEqual([]);
  });

  it.skipIf(mysqlFlavour().name !== 'MariaDB')('is named where it speaks as MySQL', async () => {
    await using server = await startMariadb({ version: '8.0.11-TiDB-v8.5.3' });
    const { url, ca } = server.coordinates;
    await migrate('mysql', url, { ca });
    await using client = await openPrisma('mysql', url, { ca });
    expect(await warningsOf(client.prisma, 'mysql')).toEqual([expect.stringMatching(/^The database is TiDB, /)]);
  });
});
