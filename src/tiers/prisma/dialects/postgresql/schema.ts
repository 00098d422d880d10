import type { Inspected, SchemaStatements, Statement } from '../../dialect.ts';
import { fleetTableNames, NODE_COLUMNS, RING_COLUMNS } from '../../fleet-tables.ts';
import { COLUMNS, type ColumnType, INSERT_COLUMNS, UPDATE_COLUMNS } from '../../table.ts';
import { CLOCK } from './sql.ts';

export class PostgresqlSchema implements SchemaStatements {
  readonly settings: readonly Statement[] = [];
  readonly probe: Statement = { text: `SELECT pg_is_in_recovery() AS standby, ${CLOCK} AS now`, values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^bytea$/,
    integer: /^bigint$/,
    text: /^(text|character varying)$/,
  };
  readonly tables: readonly Inspected[];
  readonly sweepRehearsal: Statement;

  constructor(table: string) {
    const { ring, node } = fleetTableNames(table);
    this.sweepRehearsal = { text: `DELETE FROM "${table}" WHERE false`, values: [] };
    this.tables = [
      { table, columns: COLUMNS, describe: describe(table), rehearsals: rehearse(table) },
      {
        table: ring,
        columns: RING_COLUMNS,
        describe: describe(ring),
        rehearsals: [rehearseUpsert(ring, RING_COLUMNS, 'namespace')],
      },
      {
        table: node,
        columns: NODE_COLUMNS,
        describe: describe(node),
        rehearsals: [
          rehearseUpsert(node, NODE_COLUMNS, 'namespace, node_id'),
          { text: `DELETE FROM "${node}" WHERE false`, values: [] },
        ],
      },
    ];
  }
}

/** `to_regclass` looks where the statements will, along `search_path`, and is null instead of failing. */
function describe(table: string): Statement {
  return {
    text: `SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
  SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
    AND indnkeyatts = 1 AND indkey[0] = attnum
) AS identifies
FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped`,
    values: [`"${table}"`],
  };
}

/** Grants are checked before rows are looked for. The insert would need a row to select, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO "${table}" (${columns}) SELECT ${columns} FROM "${table}" WHERE false`, values: [] },
    { text: `UPDATE "${table}" SET ${changes} WHERE false`, values: [] },
  ];
}

/** Inserts nothing, and asks for the grants and for the unique index that an upsert needs. */
function rehearseUpsert(table: string, columns: Inspected['columns'], key: string): Statement {
  const names = Object.keys(columns);
  const changes = names.map((name) => `${name} = EXCLUDED.${name}`).join(', ');
  return {
    text: `INSERT INTO "${table}" (${names.join(', ')}) SELECT ${names.join(', ')} FROM "${table}" WHERE false
ON CONFLICT (${key}) DO UPDATE SET ${changes}`,
    values: [],
  };
}
