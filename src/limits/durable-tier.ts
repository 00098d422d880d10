import { COARSE_TICK_MS } from './process.ts';

/** A statement by primary key takes about 1 ms; a frozen database must not freeze its callers. Waiting for room counts apart. */
export const DURABLE_TIMEOUT_MS_DEFAULT = 2_000;
export const DURABLE_TIMEOUT_MS_MIN = 50;
export const DURABLE_TIMEOUT_MS_MAX = 5_000;
/** A tier keeps its time itself, and knows whether it has sent a statement; only one that does not is given up from outside. */
export const DURABLE_GRACE_MS: number = 4 * COARSE_TICK_MS;
/** Opening is a connection and a few statements one after another: it may take as many time-outs. */
export const DURABLE_OPEN_TIMEOUTS = 3;
/** Calls that may be in the durable tier at once, where they share statements: two lanes of full ones, and as many again wait. */
export const DURABLE_CALLS_MAX = 1_024;
/** Reads and touches among them: when the primary tier is gone, writes still find room. */
export const DURABLE_READ_CALLS_MAX = 768;
/** Calls that may wait for room. At some thousand calls a second this is the longest queue that can still be served in time. */
export const DURABLE_WAITING_MAX = 10_000;
/** As many statements as the drivers' pools have connections by default: more would only queue inside the driver. */
export const DURABLE_IN_FLIGHT_MAX = 10;
/** Of these, statements that many reads share. Two beat one, three and four where two processors serve everything. */
export const DURABLE_READ_LANES = 2;
/** Of these, statements that many inserts, updates or touches share. The rest serve one call each. */
export const DURABLE_WRITE_LANES = 2;
/**
 * The share of its time that a call must have left when its statement is sent. A call that is sent later gets no answer in time, so under
 * overload nearly all writes would have an unknown outcome. A larger share refuses calls that a short pause of the database delayed.
 */
export const STATEMENT_TIME_SHARE_MIN: number = 1 / 4;
/** Calls that share a statement. More rows a statement gain nothing, and hold their locks for longer. */
export const SHARED_STATEMENT_ROWS_MAX = 256;
/** Earlier keys that a statement looks for: each is compared with those of every session that moved in the last 30 s. */
export const SHARED_LOOKUPS_MAX = 64;
/** Fewer calls are not split over the free lanes: to be one row more costs a tenth of being one statement more. */
export const SHARED_STATEMENT_ROWS_MIN = 16;
/** Envelopes in a statement or its answer: 256 of the usual 1–4 KiB. Several copies of them exist meanwhile, in several lanes. */
export const SHARED_STATEMENT_BYTES_MAX: number = 1024 * 1024;
/**
 * Into how many parts a shared statement is split that the server gave up because it waited for a row. The one with the locked row
 * waits in vain once more and is split again, so 256 rows need three waits: each of them is to be a third of `durableTimeout`.
 */
export const SLOW_STATEMENT_PARTS = 16;
/** A row that was waited for in vain shares no statement for so long, unless it is got before: its neighbours would wait with it. */
export const SLOW_ROW_MS = 10_000;
/** Rows that are remembered to be slow, the latest. More cost memory; of one that is forgotten the neighbours wait once more. */
export const SLOW_ROWS_MAX = 1_000;
/** Consecutive failures that open the durable breaker. One lost connection must not refuse everybody. */
export const DURABLE_FAILURES_TO_OPEN = 3;
/** After this many time-outs of the durable tier no INSERT that was sent before can commit any more (it waits for room, then runs). */
export const LATECOMER_TIMEOUTS = 3;
/** Rows that one statement revokes: bounds the time that row locks are held. */
export const REVOKE_BATCH_ROWS = 1_000;
/** How often the database is asked whether a statement that was lost can still run. */
export const LOST_STATEMENT_LOOK_MS = 100;
/** Walks over the sessions to be ended. Where the last still finds some that have moved, somebody regenerates faster than that, and it is said. */
export const REVOKE_WALKS_MAX = 10;
/** Rows that one statement lists: with the largest payload, 100 MB. */
export const LIST_PAGE_ROWS = 100;
/** Nobody has more devices; a page that shows them would not. */
export const LIST_SUMMARIES_MAX = 10_000;
/** Sessions that one call ends by handle. Nobody has more devices, and each takes a statement of its own. */
export const HANDLES_MAX = 1_000;
/** Keys that a row remembers after regenerate. */
export const PREVIOUS_KEYS_MAX = 8;
/** How long a logout with an id from before a regenerate still finds the session. */
export const PREVIOUS_KEY_LOOKUP_MS = 30_000;
/** Pauses before a statement that met a lock or a deadlock is sent again. Statements that met once must not meet again, so any pause below is as likely. */
export const REJECTED_BACKOFF = { firstMs: 2, longestMs: 50 } as const;
/** Drivers of SQLite wait for its lock on the event loop, so they may wait no longer than this; the tier waits the rest itself. */
export const SQLITE_BUSY_TIMEOUT_MS = 5;
