/** 128 bits: no two passes share one. */
export const SWEEP_PASS_ID_BYTES = 16;
/**
 * The interval at which one node of a fleet removes ended rows. More often finds fewer each time; more seldom lets the
 * table grow.
 */
export const SWEEP_EVERY_MS_DEFAULT: number = 10 * 60_000;
/** A shorter one would only walk the table in vain. */
export const SWEEP_EVERY_MS_MIN = 60_000;
/** A longer one lets ended rows outnumber the living ones. */
export const SWEEP_EVERY_MS_MAX: number = 24 * 60 * 60_000;
/**
 * The time after its start at which a process first sweeps: one that has just started has other work, and a short-lived
 * one never sweeps.
 */
export const SWEEP_FIRST_MS = 60_000;
/**
 * The time for which a revoked row shows when its session was ended. Longer means a larger table; the row holds no
 * envelope.
 */
export const REVOKED_RETENTION_MS_DEFAULT: number = 24 * 60 * 60_000;
/** Exceeds `revalidateAfter`, and the time that an earlier write may take to wait, be repeated and be looked for. */
export const REVOKED_RETENTION_MS_MIN: number = 15 * 60_000;
/** A year, as the longest lifetime. */
export const REVOKED_RETENTION_MS_MAX: number = 366 * 24 * 60 * 60_000;
/**
 * Rows are kept this long after their deadlines and `durableOutageReads`: a touch may be late by its interval and its
 * flush (31 s), clocks differ (5 s), and a write may wait and be repeated (20 s). Twice that.
 */
export const SWEEP_SLACK_MS: number = 2 * 60_000;
/** The rows that one statement of a pass looks at, and at most deletes: some milliseconds. */
export const SWEEP_PAGE_ROWS = 1_000;
/** The shortest pause between two pages. */
export const SWEEP_PAUSE_MS = 50;
/**
 * The pause is this many times as long as the page took: a pass works a fifth of the time at most, however slow the
 * database is.
 */
export const SWEEP_REST_FACTOR = 4;
/** The pause of a pass that found the database unavailable or busy with callers. */
export const SWEEP_BUSY_MS = 5_000;
/**
 * The time, by the database's clock, for which a node's claim keeps the others from sweeping. The node renews it at
 * half; the pass of a crashed one is taken up after it.
 */
export const SWEEP_CLAIM_MS = 60_000;
/** The rows that one step of a walk looks at: 40 bytes each, some milliseconds. */
export const WALK_PAGE_ROWS = 1_000;
/** The largest page of a walk: a statement that looks at more rows holds a connection for too long. */
export const WALK_PAGE_ROWS_MAX = 10_000;
/** The sessions that a walk writes at once. They share statements as requests do, so requests hardly notice. */
export const WALK_CONCURRENCY_DEFAULT = 16;
/** An eighth of the calls that a client may have in flight. */
export const WALK_CONCURRENCY_MAX = 128;
/** The bound of a mistyped value; no database here is as fast. */
export const WALK_SESSIONS_PER_SECOND_MAX = 1_000_000;
/** The pauses of a walk whose tier is unavailable. Longer ones delay its end after an outage by as much. */
export const WALK_BACKOFF = { firstMs: 100, longestMs: 5_000, floor: 0.5 } as const;
/** The sessions that a walk could not open and names: enough to see a pattern, not enough to fill a log. */
export const WALK_FAILURES_NAMED_MAX = 100;
