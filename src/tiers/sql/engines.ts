import type { Marks } from './marks.ts';
import type { DatabaseName } from './tag.ts';

/** An engine that speaks the protocol of a database, and that the tests have never run on. */
interface Engine {
  /** The name by which `docs/reference/platforms.md` has a row for it. */
  readonly name: string;
  readonly speaks: DatabaseName;
  /** The mark that distinguishes it, and what that says. */
  readonly mark: readonly [name: string, value: RegExp];
}

/** The engines in the order of the page, which links the documentation of each. The first that fits is meant. */
const ENGINES: readonly Engine[] = [
  { name: 'CockroachDB', speaks: 'postgresql', mark: ['version', /^CockroachDB/] },
  { name: 'YugabyteDB', speaks: 'postgresql', mark: ['version', /^PostgreSQL \S+-YB-/] },
  { name: 'Amazon Redshift', speaks: 'postgresql', mark: ['version', /\bRedshift\b/] },
  { name: 'Amazon Aurora DSQL', speaks: 'postgresql', mark: ['iam_pg_role_mappings', /^/] },
  { name: 'Amazon Aurora', speaks: 'postgresql', mark: ['aurora_version', /^/] },
  { name: 'AlloyDB', speaks: 'postgresql', mark: ['alloydb.iam_authentication', /^/] },
  { name: 'Citus', speaks: 'postgresql', mark: ['pg_dist_partition', /^/] },
  { name: 'TiDB', speaks: 'mysql', mark: ['version', /-TiDB-/] },
  { name: 'Vitess or PlanetScale', speaks: 'mysql', mark: ['version()', /-(?:Vitess|PlanetScale)\b/i] },
  { name: 'Amazon Aurora', speaks: 'mysql', mark: ['aurora_version', /^/] },
  { name: 'SingleStore', speaks: 'mysql', mark: ['version_comment', /^(?:SingleStore|MemSQL)/] },
];

/** The page that says what each engine refuses or weakens. */
export const ENGINES_PAGE = 'docs/reference/platforms.md#engines-that-nobody-has-tried';

/** Returns the name of the engine with these marks; null if it is none of those that are known and untried. */
export function untriedEngine(database: DatabaseName, marks: Marks): string | null {
  const engine = ENGINES.find(({ speaks, mark: [name, value] }) => {
    const found = marks.get(name);
    return speaks === database && found !== undefined && value.test(found);
  });
  return engine?.name ?? null;
}
