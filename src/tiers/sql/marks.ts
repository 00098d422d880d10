import type { Row } from './rows/rows.ts';
import { textOf } from './diagnosis/row-values.ts';
import { type DatabaseName, type Fragment, sql } from './tag.ts';

/**
 * The marks of a server by name: `version`, functions, relations and settings by which an engine is recognised, and settings by which a
 * server answers from the past. Names are in lower case.
 */
export type Marks = ReadonlyMap<string, string>;

/**
 * Returns a row for each mark. PostgreSQL's uses only what every engine that speaks its protocol has, so that the oldest of them, Redshift, is
 * named before another statement is refused. `SHOW VARIABLES` knows the variables of every engine, and those of the session; Vitess answers it
 * with what MySQL behind it says, and `VERSION()` by itself. None where there is one engine.
 */
export const MARKS: Readonly<Record<DatabaseName, readonly Fragment<void>[]>> = {
  mysql: [
    sql`
    SHOW VARIABLES WHERE Variable_name IN (
      'version', 'version_comment', 'aurora_version', 'group_replication_group_name', 'group_replication_consistency',
      'tidb_read_staleness', 'tidb_snapshot', 'wsrep_on'
    )`,
    sql`SELECT 'version()' AS name, VERSION() AS value`,
  ],
  postgresql: [
    sql`
    SELECT 'version' AS name, version() AS value
    UNION ALL SELECT proname::text, '' FROM pg_proc WHERE proname = 'aurora_version'
    UNION ALL SELECT relname::text, '' FROM pg_class WHERE relname IN ('iam_pg_role_mappings', 'pg_dist_partition')
    UNION ALL SELECT name, setting FROM pg_settings WHERE name LIKE 'alloydb.%'`,
  ],
  sqlite: [],
};

export function toMarks(rows: readonly Row[]): Marks {
  return new Map(
    rows.map((row) => [
      (textOf(row, 'name') ?? textOf(row, 'Variable_name') ?? '').toLowerCase(),
      textOf(row, 'value') ?? textOf(row, 'Value') ?? '',
    ]),
  );
}
