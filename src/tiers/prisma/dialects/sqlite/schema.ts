import { SQLITE_BUSY_TIMEOUT_MS } from '../../../../limits/durable-tier.ts';
import type { Inspected, SchemaStatements, Statement } from '../../dialect.ts';
import { fleetTableNames, NODE_COLUMNS, RING_COLUMNS } from '../../fleet-tables.ts';
import { COLUMNS, type ColumnType, INSERT_COLUMNS, UPDATE_COLUMNS } from '../../table.ts';
import { CLOCK } from './sql.ts';

export class SqliteSchema implements SchemaStatements {
  readonly settings: readonly Statement[] = [{ text: `PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`, values: [] }];
  readonly probe: Statement = { text: `SELECT false AS standby, ${CLOCK} AS now`, values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^BLOB$/i,
    integer: /^(BIGINT|INTEGER)$/i,
    text: /^TEXT$/i,
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

function describe(table: string): Statement {
  return {
    text: `SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?)) = 1 AS identifies FROM pragma_table_info(?)`,
    values: [table, table],
  };
}

/** A database that cannot be written says so before rows are looked for. The insert would need a row, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO "${table}" (${columns}) SELECT ${columns} FROM "${table}" WHERE false`, values: [] },
    { text: `UPDATE "${table}" SET ${changes} WHERE false`, values: [] },
  ];
}

/** Inserts nothing, and asks for the unique index that an upsert needs. */
function rehearseUpsert(table: string, columns: Inspected['columns'], key: string): Statement {
  const names = Object.keys(columns);
  const changes = names.map((name) => `${name} = excluded.${name}`).join(', ');
  return {
    text: `INSERT INTO "${table}" (${names.join(', ')}) SELECT ${names.join(', ')} FROM "${table}" WHERE false
ON CONFLICT (${key}) DO UPDATE SET ${changes}`,
    values: [],
  };
}
