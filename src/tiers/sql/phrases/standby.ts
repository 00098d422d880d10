import { type Choice, perDatabase, sql } from '../tag.ts';

// `read_only` is a number, and in later versions of MariaDB a word.
const mysqlReadOnly = sql`CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF')`;
const postgresReadOnly = sql`current_setting('transaction_read_only') = 'on'`;
const never = sql`false`;

/** True where nothing can be written now, for whatever reason: a standby, or a setting of the server, the database or the role. */
export const isReadOnly: Choice<unknown> = perDatabase({
  mysql: mysqlReadOnly,
  postgresql: postgresReadOnly,
  sqlite: never,
});

/** True on a server that follows another, or that is read-only as a whole, as administrators leave a former primary. */
export const isStandby: Choice<unknown> = perDatabase({
  mysql: mysqlReadOnly,
  postgresql: sql`
    (${postgresReadOnly} AND (pg_is_in_recovery() OR EXISTS (
      SELECT FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on'
        AND source IN ('configuration file', 'command line')
    )))`,
  sqlite: never,
});
