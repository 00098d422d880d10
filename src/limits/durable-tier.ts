import { COARSE_TICK_MS } from './process.ts';

/**
 * A statement by primary key takes about 1 ms; a frozen database must not freeze its callers. Waiting for room counts
 * apart.
 */
export const DURABLE_TIMEOUT_MS_DEFAULT = 2_000;
/** A shorter one takes a commit on a slow disk for an outage. */
export const DURABLE_TIMEOUT_MS_MIN = 50;
/** Holds, marks and deadlines are made to outlast this one; a longer one would keep all of them for longer. */
export const DURABLE_TIMEOUT_MS_MAX = 5_000;
/**
 * The tier times its calls itself, since it knows whether a statement was sent. This much later, the guard gives up a
 * tier that does not.
 */
export const DURABLE_GRACE_MS: number = 4 * COARSE_TICK_MS;
/** The timeouts that opening may take: it connects and runs a few statements one after another. */
export const DURABLE_OPEN_TIMEOUTS = 3;
/**
 * The calls that may be in the durable tier at once where they share statements: two lanes of full statements, and as
 * many waiting.
 */
export const DURABLE_CALLS_MAX = 1_024;
/** The reads and touches among them. When the primary tier is unavailable, writes still find room. */
export const DURABLE_READ_CALLS_MAX = 768;
/** The reads, and the writes, that may wait for room: at some thousand calls a second, the longest queue that can be served in time. */
export const DURABLE_WAITING_MAX = 10_000;
/**
 * The statements at a time: the default size of the drivers' connection pools. More would only queue inside the driver.
 */
export const DURABLE_IN_FLIGHT_MAX = 10;
/**
 * The statements at a time that many reads share. Two beat one, three and four where two processors serve everything.
 */
export const DURABLE_READ_LANES = 2;
/**
 * The reads that open their second lane while the first is busy; fewer wait for the next statement and share it. A statement costs as much as ten
 * rows, so a larger number saves little more, and keeps many readers from overlapping their statements.
 */
export const READ_LANE_ROWS_MIN = 32;
/** A wait this long opens it too, so that one slow statement does not delay all reads. A healthy statement takes a tenth of it. */
export const READ_LANE_WAIT_MS = 10;
/** The statements at a time that many inserts, updates or touches share. The rest serve one call each. */
export const DURABLE_WRITE_LANES = 2;
/**
 * The share of its time that a call must have left when its statement is sent. A call that is sent later gets no answer in time, so under
 * overload nearly all writes would have an unknown outcome. A larger share refuses calls that a short pause of the database delayed.
 */
export const STATEMENT_TIME_SHARE_MIN: number = 1 / 4;
/** The calls that share a statement. More rows gain nothing and hold their locks for longer. */
export const SHARED_STATEMENT_ROWS_MAX = 256;
/**
 * The earlier keys that one statement looks up: each is compared with those of every session that moved in the last 30
 * s.
 */
export const SHARED_LOOKUPS_MAX = 64;
/** The fewest inserts and reads that are split over the free lanes: a further row costs a tenth of a further statement. */
export const SHARED_STATEMENT_ROWS_MIN = 16;
/**
 * The fewest updates and touches that are split over the free lanes. Callers that one statement answered go on together, and share the
 * commands to Redis that follow as well: 64 in place of 16 save 128 callers a fifth of the CPU time of an update, and 32 callers a third.
 */
export const SHARED_CHANGE_ROWS_MIN = 64;
/**
 * The envelopes in a statement or its answer: 256 of the usual 1–4 KiB. Several copies exist at once, in several lanes.
 */
export const SHARED_STATEMENT_BYTES_MAX: number = 1024 * 1024;
/**
 * The parts into which a shared statement is split after the server gave it up because of a locked row. The part with
 * that row times out and is split again, so 256 rows need three waits, each a third of `durableTimeout`.
 */
export const SLOW_STATEMENT_PARTS = 16;
/**
 * A row that timed out on a lock shares no statement for this long, unless its lock is got earlier: its neighbours
 * would wait with it.
 */
export const SLOW_ROW_MS = 10_000;
/**
 * The slow rows that are remembered, the latest ones. More cost memory; the neighbours of a forgotten one wait once
 * more.
 */
export const SLOW_ROWS_MAX = 1_000;
/** The consecutive failures that open the durable breaker. One lost connection must not refuse every caller. */
export const DURABLE_FAILURES_TO_OPEN = 3;
/** The timeouts after which an INSERT that was sent before can no longer commit: it waits for room, then runs. */
export const LATECOMER_TIMEOUTS = 3;
/** The rows that one statement revokes. More would hold row locks for longer. */
export const REVOKE_BATCH_ROWS = 1_000;
/** The interval at which the database is asked whether a lost statement can still run. */
export const LOST_STATEMENT_LOOK_MS = 100;
/**
 * The walks that end a user's sessions. If the last still finds sessions that have moved, another caller regenerates
 * faster than that, and the outcome is unknown.
 */
export const REVOKE_WALKS_MAX = 10;
/** The rows that one statement lists: 100 MB with the largest payload. */
export const LIST_PAGE_ROWS = 100;
/** The sessions that a device list may hold; no user has more devices. */
export const LIST_SUMMARIES_MAX = 10_000;
/** The sessions that one call ends by handle. No user has more devices, and each takes a statement of its own. */
export const HANDLES_MAX = 1_000;
/** The earlier keys that a row remembers after regenerations, 32 bytes each. */
export const PREVIOUS_KEYS_MAX = 8;
/** The time in which a logout with an id from before a regeneration still finds the session. */
export const PREVIOUS_KEY_LOOKUP_MS = 30_000;
/**
 * The pauses before a statement that met a lock or a deadlock is sent again, drawn from zero up, so that statements
 * that met once do not meet again.
 */
export const REJECTED_BACKOFF = { firstMs: 2, longestMs: 50 } as const;
/** SQLite drivers wait for its lock on the event loop, so they wait at most this long; the tier waits for the rest. */
export const SQLITE_BUSY_TIMEOUT_MS = 5;
