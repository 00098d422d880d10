import { SQLITE_BUSY_TIMEOUT_MS } from '../../limits/durable-tier.ts';
import { COLUMNS, type ColumnType, INSERT_COLUMNS, NODE_COLUMNS, RING_COLUMNS, UPDATE_COLUMNS } from './columns.ts';
import { compile } from './compile.ts';
import type { Database } from './dialects/dialect.ts';
import { MARKS } from './marks.ts';
import { shownClock } from './phrases/clock.ts';
import { clusterColumns, isCluster } from './phrases/cluster.ts';
import { columns } from './phrases/envelope.ts';
import { isReadOnly, isStandby } from './phrases/standby.ts';
import type { Statement } from './statement.ts';
import {
  constant,
  type DatabaseName,
  type Fragment,
  nodes,
  perDatabase,
  rings,
  sessions,
  sql,
  string,
  type Table,
} from './tag.ts';

/** The statements before the first call. */
export interface SchemaStatements {
  /** The statements that are sent first on an only connection: they bound how long the database may wait for a lock. */
  readonly settings: readonly Statement[];
  /**
   * Returns one row: `standby` is true on a server that is no primary, `read_only` where nothing can be written for whatever reason;
   * `now` is the server's clock; `is_cluster` is true on one of several servers that all take writes, of which `server` and `committed`
   * are what `ClusterTime` takes. The other columns are constants, which show whether values arrive as they were sent.
   */
  readonly probe: Statement;
  /** Each returns a row for each of some marks of the server (`marks.ts`). None where there is one engine. */
  readonly marks: readonly Statement[];
  /** Ends the connection that it is sent on. Null where there is no other server to connect to. */
  readonly leave: Statement | null;
  /** The declared types that hold each kind of column. */
  readonly accepts: Readonly<Record<ColumnType, RegExp>>;
  /** The tables in the order in which `open` inspects them, that of the sessions first. */
  readonly tables: readonly Inspected[];
  /** Changes nothing, and fails if sessions may not be deleted; for tiers that sweep. */
  readonly sweepRehearsal: Statement;
}

/** A table as `open` inspects it. */
export interface Inspected {
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Returns a row for each column: `name`, `type`, and `identifies` if a unique index covers it alone. */
  readonly describe: Statement;
  /**
   * The statements that change nothing, and fail where the grants for the real ones, or the key that an upsert needs,
   * are missing.
   */
  readonly rehearsals: readonly Statement[];
}

export function schemaStatementsFor(database: Database): SchemaStatements {
  const { dialect, tables } = database;
  const statement = (fragment: Fragment<void>): Statement => compile(fragment, database)('', undefined);
  const inspected = (
    table: Table,
    columnsOfTable: Inspected['columns'],
    rehearsals: readonly Fragment<void>[],
  ): Inspected => ({
    table: tables[table.name],
    columns: columnsOfTable,
    describe: compile(describe, database)('', tables[table.name]),
    rehearsals: rehearsals.map(statement),
  });
  const leave = LEAVE[dialect.name];
  return {
    settings: SETTINGS[dialect.name].map(statement),
    probe: statement(probe),
    marks: MARKS[dialect.name].map(statement),
    leave: leave && statement(leave),
    accepts: ACCEPTS[dialect.name],
    tables: [
      inspected(sessions, COLUMNS, [rehearseInsert, rehearseUpdate]),
      inspected(rings, RING_COLUMNS, [rehearseUpsert(rings, RING_COLUMNS, 'namespace')]),
      inspected(nodes, NODE_COLUMNS, [
        rehearseUpsert(nodes, NODE_COLUMNS, 'namespace, node_id'),
        rehearseDelete(nodes),
      ]),
    ],
    sweepRehearsal: statement(rehearseDelete(sessions)),
  };
}

const SETTINGS: Readonly<Record<DatabaseName, readonly Fragment<void>[]>> = {
  mysql: [],
  postgresql: [],
  sqlite: [sql`PRAGMA busy_timeout = ${constant(SQLITE_BUSY_TIMEOUT_MS)}`],
};

const probe = sql`
  SELECT ${isStandby} AS standby, ${isReadOnly} AS read_only, ${shownClock} AS now,
    7 AS seven, 1 = 1 AS yes, 'As Is' AS words${isCluster}${clusterColumns}`;

/** Every role may end its own connections. */
const LEAVE: Readonly<Record<DatabaseName, Fragment<void> | null>> = {
  mysql: sql`KILL CONNECTION_ID()`,
  postgresql: sql`SELECT pg_terminate_backend(pg_backend_pid())`,
  sqlite: null,
};

const ACCEPTS: Readonly<Record<DatabaseName, SchemaStatements['accepts']>> = {
  mysql: {
    bytes: /^(binary|varbinary|mediumblob|longblob)$/,
    integer: /^bigint$/,
    // A collation that ignores case would take two namespaces for one.
    text: /^(var)?char \w+_bin$/,
  },
  postgresql: { bytes: /^bytea$/, integer: /^bigint$/, text: /^(text|character varying)$/ },
  sqlite: { bytes: /^BLOB$/i, integer: /^(BIGINT|INTEGER)$/i, text: /^TEXT$/i },
};

const name = string((table: string) => table);

const describe: Fragment<string> = sql`${perDatabase({
  mysql: sql`
    SELECT column_name AS name, CONCAT_WS(' ', data_type, collation_name) AS type, EXISTS (
      SELECT 1 FROM information_schema.statistics AS part
      WHERE part.table_schema = DATABASE() AND part.table_name = ${name} AND part.index_name = 'PRIMARY'
      HAVING COUNT(*) = 1 AND MAX(part.column_name) = described.column_name
    ) AS identifies
    FROM information_schema.columns AS described WHERE table_schema = DATABASE() AND table_name = ${name}`,
  // `to_regclass` looks where the statements will, along `search_path`, and is null instead of failing.
  postgresql: sql`
    SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
      SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
        AND indnkeyatts = 1 AND indkey[0] = attnum
    ) AS identifies
    FROM pg_attribute WHERE attrelid = to_regclass(${string((table: string) => `"${table}"`)}) AND attnum > 0 AND NOT attisdropped`,
  sqlite: sql`
    SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(${name})) = 1 AS identifies
    FROM pragma_table_info(${name})`,
})}`;

// No rehearsal finds a row. The server checks grants before it looks for rows, and refuses if it is read-only.

const inserted = columns(INSERT_COLUMNS);
const rehearseInsert = sql`
  INSERT INTO ${sessions} (${inserted}) SELECT ${inserted} FROM ${sessions} WHERE false`;

const rehearseUpdate = sql`
  UPDATE ${sessions} SET ${constant(UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', '))} WHERE false`;

const rehearseDelete = (table: Table): Fragment<void> => sql`DELETE FROM ${table} WHERE false`;

/** Rehearses the unique index on `key` as well, without which an upsert fails, or in MySQL inserts once more. */
function rehearseUpsert(table: Table, columnsOfTable: Inspected['columns'], key: string): Fragment<void> {
  const names = Object.keys(columnsOfTable);
  const upserted = constant(names.join(', '));
  const onConflict = sql`
    INSERT INTO ${table} (${upserted}) SELECT ${upserted} FROM ${table} WHERE false
    ON CONFLICT (${constant(key)}) DO UPDATE SET ${constant(names.map((column) => `${column} = excluded.${column}`).join(', '))}`;
  return sql`${perDatabase({
    mysql: sql`
      INSERT INTO ${table} (${upserted})
      SELECT ${upserted} FROM ${table} AS source FORCE INDEX (PRIMARY) WHERE false
      ON DUPLICATE KEY UPDATE ${constant(names.map((column) => `${column} = VALUES(${column})`).join(', '))}`,
    postgresql: onConflict,
    sqlite: onConflict,
  })}`;
}
