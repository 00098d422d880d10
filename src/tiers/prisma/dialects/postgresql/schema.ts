import type { SchemaStatements, Statement } from '../../dialect.ts';
import { type ColumnType, INSERT_COLUMNS, UPDATE_COLUMNS } from '../../table.ts';
import { CLOCK } from './sql.ts';

export class PostgresqlSchema implements SchemaStatements {
  readonly settings: readonly Statement[] = [];
  readonly probe: Statement = { text: `SELECT pg_is_in_recovery() AS standby, ${CLOCK} AS now`, values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^bytea$/,
    integer: /^bigint$/,
    text: /^(text|character varying)$/,
  };
  readonly describe: Statement;
  readonly rehearsals: readonly Statement[];

  /** `table` is quoted. */
  constructor(table: string) {
    this.describe = describe(table);
    this.rehearsals = rehearse(table);
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
    values: [table],
  };
}

/** Grants are checked before rows are looked for. The insert would need a row to select, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`, values: [] },
    { text: `UPDATE ${table} SET ${changes} WHERE false`, values: [] },
  ];
}
