/** 128 bits: two passes never share one. */
export const SWEEP_PASS_ID_BYTES = 16;
/** How often a fleet looks for rows that have ended: one pass, by one node. More often finds less each time; seldom lets the table grow. */
export const SWEEP_EVERY_MS_DEFAULT: number = 10 * 60_000;
export const SWEEP_EVERY_MS_MIN = 60_000;
export const SWEEP_EVERY_MS_MAX: number = 24 * 60 * 60_000;
/** A process that has just started has other things to do, and one that ends soon never sweeps. */
export const SWEEP_FIRST_MS = 60_000;
/** How long a revoked row is kept for whoever wants to know when a session was ended. Longer: a larger table; the row holds no envelope. */
export const REVOKED_RETENTION_MS_DEFAULT: number = 24 * 60 * 60_000;
/** Longer than `revalidateAfter`, and than any write that was sent before may wait, be repeated, and be looked for. */
export const REVOKED_RETENTION_MS_MIN: number = 15 * 60_000;
export const REVOKED_RETENTION_MS_MAX: number = 366 * 24 * 60 * 60_000;
/**
 * Rows are kept this long after their deadlines, and `durableOutageReads` more: a touch may be late by its interval and its
 * flush (31 s), clocks differ (5 s), and a write that was sent in time may wait and be repeated (20 s). Twice that.
 */
export const SWEEP_SLACK_MS: number = 2 * 60_000;
/** Rows that one statement of a pass looks at, and at most deletes: some milliseconds. */
export const SWEEP_PAGE_ROWS = 1_000;
/** Least pause between two pages … */
export const SWEEP_PAUSE_MS = 50;
/** … and how many times as long as the page took: a pass is at work for a fifth of the time at most, however slow the database is. */
export const SWEEP_REST_FACTOR = 4;
/** Pause of a pass that found the database away or callers waiting for it. */
export const SWEEP_BUSY_MS = 5_000;
/** For this long, by the database's clock, nobody else sweeps once a node has begun; it says so again at half of it. A crashed one's pass is taken up after it. */
export const SWEEP_CLAIM_MS = 60_000;
/** Rows that one step of a walk looks at: 40 bytes each, some milliseconds. */
export const WALK_PAGE_ROWS = 1_000;
/** One statement that looks at more holds a connection for too long. */
export const WALK_PAGE_ROWS_MAX = 10_000;
/** Sessions that a walk writes at once. They share statements as requests do, so this is a small part of one, and requests hardly notice. */
export const WALK_CONCURRENCY_DEFAULT = 16;
/** An eighth of the calls that a client may have in flight. */
export const WALK_CONCURRENCY_MAX = 128;
/** Faster than any database here; a bound only against a mistyped one. */
export const WALK_SESSIONS_PER_SECOND_MAX = 1_000_000;
/** Pauses of a walk whose tier is unavailable. Longer ones delay its end after an outage by as much. */
export const WALK_BACKOFF = { firstMs: 100, longestMs: 5_000, floor: 0.5 } as const;
/** Sessions that a walk could not open and names: enough to see a pattern, not enough to fill a log. */
export const WALK_FAILURES_NAMED_MAX = 100;
