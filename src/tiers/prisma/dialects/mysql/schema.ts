import type { Inspected, SchemaStatements, Statement } from '../../dialect.ts';
import { fleetTableNames, NODE_COLUMNS, RING_COLUMNS } from '../../fleet-tables.ts';
import { COLUMNS, type ColumnType, INSERT_COLUMNS, UPDATE_COLUMNS } from '../../table.ts';
import { CLOCK } from './sql.ts';

export class MysqlSchema implements SchemaStatements {
  readonly settings: readonly Statement[] = [];
  /** A number, and in later versions of MariaDB a word. */
  readonly probe: Statement = {
    text: `SELECT CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') AS standby, ${CLOCK} AS now`,
    values: [],
  };
  /** A namespace without regard to case would be two. */
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^(binary|varbinary|mediumblob|longblob)$/,
    integer: /^bigint$/,
    text: /^(var)?char \w+_bin$/,
  };
  readonly tables: readonly Inspected[];
  readonly sweepRehearsal: Statement;

  constructor(table: string) {
    const { ring, node } = fleetTableNames(table);
    this.sweepRehearsal = { text: `DELETE FROM \`${table}\` WHERE false`, values: [] };
    this.tables = [
      { table, columns: COLUMNS, describe: describe(table), rehearsals: rehearse(table) },
      {
        table: ring,
        columns: RING_COLUMNS,
        describe: describe(ring),
        rehearsals: [rehearseUpsert(ring, RING_COLUMNS)],
      },
      {
        table: node,
        columns: NODE_COLUMNS,
        describe: describe(node),
        rehearsals: [rehearseUpsert(node, NODE_COLUMNS), { text: `DELETE FROM \`${node}\` WHERE false`, values: [] }],
      },
    ];
  }
}

function describe(table: string): Statement {
  return {
    text: `SELECT column_name AS name, CONCAT_WS(' ', data_type, collation_name) AS type, EXISTS (
  SELECT 1 FROM information_schema.statistics AS part
  WHERE part.table_schema = DATABASE() AND part.table_name = ? AND part.index_name = 'PRIMARY'
  HAVING COUNT(*) = 1 AND MAX(part.column_name) = described.column_name
) AS identifies
FROM information_schema.columns AS described WHERE table_schema = DATABASE() AND table_name = ?`,
    values: [table, table],
  };
}

/** Grants are checked before rows are looked for. The insert would need a row to select, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO \`${table}\` (${columns}) SELECT ${columns} FROM \`${table}\` WHERE false`, values: [] },
    { text: `UPDATE \`${table}\` SET ${changes} WHERE false`, values: [] },
  ];
}

/** Inserts nothing, and asks for the grants and for a primary key, without which an upsert would insert once more. */
function rehearseUpsert(table: string, columns: Inspected['columns']): Statement {
  const names = Object.keys(columns);
  const changes = names.map((name) => `${name} = VALUES(${name})`).join(', ');
  return {
    text: `INSERT INTO \`${table}\` (${names.join(', ')})
SELECT ${names.join(', ')} FROM \`${table}\` AS source FORCE INDEX (PRIMARY) WHERE false
ON DUPLICATE KEY UPDATE ${changes}`,
    values: [],
  };
}
