import { serverName } from './cluster.ts';
import { type Choice, constant, type Fragment, late, type Late, perDatabase, sql } from '../tag.ts';

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

/** The time of a cluster as the sender has it. */
export const clusterNow: Late = late('integer', (time) => BigInt(time.now()));
const offsets = late('text', (time) => time.offsets());

/**
 * The clock of a server of a Galera cluster, corrected by the offset that the sender knows; at least the sender's time, so that no clock
 * that was set back dates a mark before it. A server that the sender has not read lately overflows a number, with a text of its own:
 * nothing else fails an expression. `RAND` keeps the server from computing the constant beforehand.
 */
const galeraNow = sql`GREATEST(${clusterNow}, COALESCE(${mysqlNow} + CAST(JSON_VALUE(${offsets}, CONCAT('$.', ${serverName})) AS SIGNED), CAST(EXP(710 + RAND()) AS SIGNED)))`;

/**
 * SQLite reads the clock once in a statement, after it got the writer's lock. It counts Julian days; the 1st of January 1970
 * began at 2440587.5. `unixepoch` has no milliseconds before SQLite 3.42.
 */
const sqliteNow = sql`CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)`;

/** Milliseconds since the epoch, at the moment of evaluation. */
export const clock: Choice<unknown> = perDatabase({
  galera: galeraNow,
  mysql: mysqlNow,
  postgresql: sql`floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
  sqlite: sqliteNow,
});

/** Milliseconds since the epoch when the statement began, in PostgreSQL its transaction, before it took a snapshot. */
export const clockAtStart: Choice<unknown> = perDatabase({
  galera: galeraNow,
  mysql: mysqlAtStart,
  postgresql: sql`floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint`,
  sqlite: sqliteNow,
});

/** The present time for reads, which need no server's clock in a cluster. */
export const clockForReads: Choice<unknown> = perDatabase({
  ...clockAtStart.of,
  galera: sql`${clusterNow}`,
});

/** The clock that a read shows: that of the server alone, which `ClusterTime` makes the time of the cluster. */
export const shownClock: Choice<unknown> = perDatabase({ ...clockAtStart.of, galera: mysqlAtStart });

/** The time of a mark that is set now: marks of a row never go back. */
export const markedAt: Choice<unknown> = perDatabase({
  mysql: sql`GREATEST(COALESCE(dirty_at, 0), ${clock})`,
  // The clock was read when the row was locked.
  postgresql: sql`GREATEST(dirty_at, locked.now)`,
  sqlite: sql`max(COALESCE(dirty_at, 0), ${clock})`,
});

/** Marks the row dirty, in a SET list. A list without the mark does not write to the index of the marks. */
export const mark: Fragment<unknown> = sql`dirty_at = ${markedAt}`;
