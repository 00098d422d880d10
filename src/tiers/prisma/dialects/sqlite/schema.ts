import { SQLITE_BUSY_TIMEOUT_MS } from '../../../../limits.ts';
import type { SchemaStatements, Statement } from '../../dialect.ts';
import { type ColumnType, INSERT_COLUMNS, UPDATE_COLUMNS } from '../../table.ts';
import { CLOCK } from './sql.ts';

export class SqliteSchema implements SchemaStatements {
  readonly settings: readonly Statement[] = [{ text: `PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`, values: [] }];
  readonly probe: Statement = { text: `SELECT false AS standby, ${CLOCK} AS now`, values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^BLOB$/i,
    integer: /^(BIGINT|INTEGER)$/i,
    text: /^TEXT$/i,
  };
  readonly describe: Statement;
  readonly rehearsals: readonly Statement[];

  /** Of the pragma that describes it, the table's name is a value; elsewhere it is quoted. */
  constructor(table: string, quoted: string) {
    this.describe = describe(table);
    this.rehearsals = rehearse(quoted);
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
    { text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`, values: [] },
    { text: `UPDATE ${table} SET ${changes} WHERE false`, values: [] },
  ];
}
