import { type Choice, constant, type Fragment, perDatabase, sql } from '../tag.ts';

/** A quarter of an hour, in microseconds. Time zones change by multiples of it, and no statement runs for half of it. */
const SHIFT = 900_000_000;
/**
 * A day and half a `SHIFT`: keeps the dividend positive, whichever way a time zone changes, and lets clocks be slewed back.
 */
const PAST_ANY_SHIFT: number = 96 * SHIFT + SHIFT / 2;

/**
 * MySQL's `UNIX_TIMESTAMP` converts from the session's time zone, in which an hour of every autumn occurs twice; hence UTC.
 */
const mysqlAtStart = sql`TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000`;

/**
 * The clock of MySQL. Only `SYSDATE` reads it anew for each row, and it knows no UTC. So it gives how long the
 * statement has run, without the quarters of an hour by which the clocks of its time zone may have been moved
 * meanwhile.
 */
const mysqlNow = sql`(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - ${constant(SHIFT / 2)}
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + ${constant(PAST_ANY_SHIFT)}, ${constant(SHIFT)})) DIV 1000`;

/**
 * SQLite reads the clock once in a statement, after it got the writer's lock. It counts Julian days; the 1st of January 1970
 * began at 2440587.5. `unixepoch` has no milliseconds before SQLite 3.42.
 */
const sqliteNow = sql`CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)`;

/** Milliseconds since the epoch, at the moment of evaluation. */
export const clock: Choice<unknown> = perDatabase({
  mysql: mysqlNow,
  postgresql: sql`floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
  sqlite: sqliteNow,
});

/** Milliseconds since the epoch when the statement began, in PostgreSQL its transaction, before it took a snapshot. */
export const clockAtStart: Choice<unknown> = perDatabase({
  mysql: mysqlAtStart,
  postgresql: sql`floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint`,
  sqlite: sqliteNow,
});

/** The time of a mark that is set now: marks of a row never go back. */
export const markedAt: Choice<unknown> = perDatabase({
  mysql: sql`GREATEST(COALESCE(dirty_at, 0), ${clock})`,
  // The clock was read when the row was locked.
  postgresql: sql`GREATEST(dirty_at, locked.now)`,
  sqlite: sql`max(COALESCE(dirty_at, 0), ${clock})`,
});

/** Marks the row dirty, in a SET list. A list without the mark does not write to the index of the marks. */
export const mark: Fragment<unknown> = sql`dirty_at = ${markedAt}`;
