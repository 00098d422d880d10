/** Every bound and default of the library: the unit is in the name, the reason above it. Imports nothing. */

// --- Session ids and data ---------------------------------------------------------------------------------------

/** 256 bits: twice what OWASP ASVS 5.0 (7.2.3) asks for, so guessing is out of the question at any number of sessions. */
export const SESSION_ID_BYTES = 32;
/** SHA-256. */
export const STORAGE_KEY_BYTES = 32;
/** 128 random bits name one write: it is compared with one other at a time. */
export const WRITE_ID_BYTES = 16;
/** 128 bits name a session in a device list; they are compared within one user's sessions only. */
export const HANDLE_BYTES = 16;
/** A cart or a profile is 1–4 KiB. Larger values cost every read; what needs them belongs in a table of its own. */
export const PAYLOAD_BYTES_DEFAULT: number = 64 * 1024;
/** Redis and the drivers handle more, but one such session would stall its neighbours. */
export const PAYLOAD_BYTES_MAX: number = 1024 * 1024;
/** Deeper data is a mistake or an attack on the recursion of `JSON.parse`'s consumers. */
export const PAYLOAD_DEPTH_MAX = 64;
/** Fits e-mail addresses, UUIDs and prefixed ids; the envelope stores the length in two bytes. */
export const USER_ID_BYTES_MAX = 512;
/** A device label is a line on a page. */
export const LABEL_BYTES_MAX = 512;
/**
 * Keys that an envelope names as those that sealed its session before: a year of rotations every three weeks. Each costs 8 bytes, of
 * sessions that lived through as many rotations. One more is refused unless one of them left the ring, so a
 * ring gets no more keys than these and the active one.
 */
export const LINEAGE_KEYS_MAX = 16;
/** Part of every Redis key, so it is kept short. */
export const NAMESPACE_CHARS_MAX = 64;

/** A thousand writes a second for 31 700 years. Fifteen digits are safe integers in JavaScript, in Lua and in SQL. */
export const REVISION_MAX = 999_999_999_999_999;

// --- Lifetimes --------------------------------------------------------------------------------------------------

/** NIST SP 800-63B, AAL2: half an hour of inactivity. */
export const IDLE_LIFETIME_MS_DEFAULT: number = 30 * 60_000;
/** NIST SP 800-63B, AAL2: twelve hours whatever happens. */
export const ABSOLUTE_LIFETIME_MS_DEFAULT: number = 12 * 60 * 60_000;
/** Several round trips to both tiers. Deadlines are exact to the millisecond of the node's clock; below this, round trips decide. */
export const LIFETIME_MS_MIN = 100;
/** A year. Longer sessions are remember-me tokens and want another design. */
export const LIFETIME_MS_MAX: number = 366 * 24 * 60 * 60_000;
/**
 * An envelope whose absolute deadline lies further ahead than this many of the longest lifetimes was not sealed by a client like this one.
 * One would be exact; two let a roll-out double the lifetime at once, and a slow clock do no harm.
 */
export const DEADLINE_TOLERANCE_FACTOR = 2;
/** A touch at most every 30 s costs a busy session two writes a minute; a larger value loses more of the idle time when a write is lost. */
export const TOUCH_INTERVAL_MS_MAX = 30_000;
/** … and never more than a tenth of the idle lifetime, so that short sessions slide smoothly too. */
export const TOUCH_INTERVAL_IDLE_FRACTION: number = 1 / 10;
/** How long touches that nobody waits for are collected: part of the slack of the durable idle deadline. Longer saves little: at 100 a second, a statement a second. */
export const TOUCH_FLUSH_MS = 1_000;
/** Clocks of application nodes may differ by this much before an expiry is judged wrongly. They never decide order. */
export const CLOCK_SKEW_MS = 5_000;

// --- HTTP -------------------------------------------------------------------------------------------------------

/** 32 bytes as base64url. */
export const SESSION_ID_CHARS = 43;
/** Session id, a dot, HMAC-SHA-256 as base64url. */
export const COOKIE_VALUE_CHARS: number = SESSION_ID_CHARS + 1 + 43;
/**
 * Cookies of one name and the right shape that are checked of one header. Browsers send two at most with `__Host-` (one of them
 * partitioned); each costs 5 µs for every index key, and a header of 16 KiB has room for 160.
 */
export const COOKIES_TRIED_MAX = 4;
/** Long enough for an errand, too short for an unattended browser; NIST's idle limit at AAL3. */
export const FRESH_LOGIN_MS_DEFAULT: number = 15 * 60_000;
/** Most outages are a fail-over. A larger value keeps users waiting, a smaller one has them press reload together. */
export const RETRY_AFTER_MS_DEFAULT = 2_000;
export const RETRY_AFTER_MS_MAX: number = 60 * 60_000;
/** A login lists the user's sessions to end those that are too many. */
export const SESSIONS_PER_USER_MAX = 1_000;

// --- Sessions that move in ----------------------------------------------------------------------------------------

/** An old session id, its signature and percent signs; stores' keys are shorter. */
export const IMPORT_COOKIE_CHARS_MAX = 1_024;
/** Each is one more HMAC for a made-up cookie. */
export const IMPORT_SECRETS_MAX = 10;
/** Some clients of old stores wait for their server without an end; a request must not. */
export const IMPORT_STORE_TIMEOUT_MS = 2_000;
/** After a deletion that failed, so long nobody tries one that can wait. */
export const IMPORT_RETRY_MS = 1_000;
/** Entries of which a process remembers that it deleted them: 1 MB. Another is deleted once more, which costs a round trip. */
export const IMPORT_SIDS_REMEMBERED = 10_000;
/** What the clocks of two nodes may differ by: so long after `since`, no node deletes what another still asks for. */
export const IMPORT_CLOCK_MARGIN_MS = 60_000;

// --- Primary tier -----------------------------------------------------------------------------------------------

/** A healthy Redis answers in under 1 ms. After this long a command counts as failed and the breaker opens. */
export const PRIMARY_TIMEOUT_MS_DEFAULT = 250;
export const PRIMARY_TIMEOUT_MS_MIN = 10;
/** With `DURABLE_TIMEOUT_MS_MAX`, keeps a hold alive longer than the operation that placed it. */
export const PRIMARY_TIMEOUT_MS_MAX = 1_000;
/**
 * A link of 10 Mbit/s takes 100 ms for so much, less than the default time-out, so a smaller value that is late tells of the server and not of
 * the link. Less: after an outage, more sessions are left out of Redis for a while.
 */
export const LARGE_VALUE_BYTES_MIN: number = 128 * 1024;
/** After so long, a value that was too large for the link is offered again: it may take Redis out of use for half a second. */
export const LARGE_VALUE_RETRY_MS: number = 5 * 60_000;
/** TCP and TLS handshake; a frozen server accepts the connection and then says nothing. */
export const PRIMARY_CONNECT_TIMEOUT_MS = 500;
/** Functions that give credentials and certificates: a secret store that answers at all answers by then. */
export const ACCESS_TIMEOUT_MS = 10_000;
/** Silence on a connection after a command on it was given up, or after its handshake began; then another is made. */
export const PRIMARY_SILENCE_MS = 600;
/**
 * Sessions that share an MGET. It takes the server 20 µs where they have 1 KiB and 1 ms where they have 64, and nobody has an answer
 * before all of it is there.
 */
export const SHARED_READ_KEYS_MAX = 128;
/** What such an answer may weigh, by the average of the last one: a few milliseconds of a network of 1 Gbit/s. */
export const SHARED_READ_BYTES_MAX: number = 512 * 1024;
/** Sessions that one call of a script changes: for 0.3 ms the server does nothing else. More of them gain nothing. */
export const SHARED_SCRIPT_KEYS_MAX = 64;
/** What one call of a script carries: 64 of the usual 1–4 KiB. One that is larger goes alone. */
export const SHARED_SCRIPT_BYTES_MAX: number = 256 * 1024;
/** A value may be served this long after the durable tier last confirmed it; every unforeseen staleness ends here. */
export const VALIDATION_LEASE_MS_DEFAULT = 60_000;
export const VALIDATION_LEASE_MS_MIN = 1_000;
export const VALIDATION_LEASE_MS_MAX: number = 10 * 60_000;
/** Longer than any read of the durable tier may take; a reader that stalls longer loses its lease and fills nothing. */
export const LEASE_TTL_MS = 10_000;
/** Longer than a destroy may take: two primary commands, and a statement and its repeat with their waits for room, all at their longest. */
export const HOLD_TTL_MS = 30_000;
/** Longest wait between two probes of a tier that is down: Redis is used again within a second of its return. */
export const PROBE_BACKOFF_MS_MAX = 500;
export const PROBE_BACKOFF_MS_MIN = 50;
/** After wrong credentials or certificates: retrying faster only fills the server's log. */
export const MISCONFIGURED_BACKOFF_MS = 30_000;

// --- Events -------------------------------------------------------------------------------------------------------

/** Changes of one tier's state that are announced at once: two outages and their ends. A tier that flaps must not flood a log. */
export const TIER_CHANGE_EVENTS_MAX = 4;
/** … in this time; what comes after them is announced as one, so late at most. */
export const TIER_CHANGE_WINDOW_MS = 10_000;

/** A server's clock that was set back by less is not worth a word: copies are doubted for so long. */
export const CLOCK_TOLERANCE_MS = 1_000;

// --- Process -----------------------------------------------------------------------------------------------------

/** Random bytes drawn at once for one turn of the event loop: ids and nonces of 14 new sessions. More costs more, used or not. */
export const RANDOM_POOL_BYTES = 1_024;

/**
 * How often the waits for a tier's answers are looked at, all with one timer: nothing beside the shortest of them (50 ms), and 200
 * timers a second instead of one for each command.
 */
export const PATIENCE_TICK_MS = 5;
/**
 * A tick that comes later was kept by a process that stood still, and counts for so much: a wait is for a tier, not for ourselves. So
 * the shortest wait is over after five turns of an event loop, and the longest command (1 s) after a hundred, however long they take.
 */
export const PATIENCE_TICK_COUNTED_MS_MAX: number = 2 * PATIENCE_TICK_MS;
/** Deletions after which a small `TransientMap` is replaced; the cost is that of copying what is in it, at most as much as was deleted. */
export const TRANSIENT_DELETIONS_MIN = 64;

// --- Durable tier -----------------------------------------------------------------------------------------------

/** A statement by primary key takes about 1 ms; a frozen database must not freeze its callers. Waiting for room counts apart. */
export const DURABLE_TIMEOUT_MS_DEFAULT = 2_000;
export const DURABLE_TIMEOUT_MS_MIN = 50;
export const DURABLE_TIMEOUT_MS_MAX = 5_000;
/** A tier keeps its time itself, and knows whether it has sent a statement; only one that does not is given up from outside. */
export const DURABLE_GRACE_MS: number = 4 * PATIENCE_TICK_MS;
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
/** The authenticator at the end of an envelope: no two envelopes have the same, but by a chance of 2^-128. */
export const ENVELOPE_TAG_BYTES = 16;
/** Keys that a row remembers after regenerate. */
export const PREVIOUS_KEYS_MAX = 8;
/** How long a logout with an id from before a regenerate still finds the session. */
export const PREVIOUS_KEY_LOOKUP_MS = 30_000;
/** First and longest pause before a statement that met a lock or a deadlock is sent again; the real one is drawn at random below it. */
export const REJECTED_RETRY_MS_MIN = 2;
export const REJECTED_RETRY_MS_MAX = 50;
/** Drivers of SQLite wait for its lock on the event loop, so they may wait no longer than this; the tier waits the rest itself. */
export const SQLITE_BUSY_TIMEOUT_MS = 5;

// --- Sweeping ---------------------------------------------------------------------------------------------------

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
/** Longer than any validation lease, and than any write that was sent before may wait, be repeated, and be looked for. */
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
export const SWEEP_LEASE_MS = 60_000;

// --- Dirty feed -------------------------------------------------------------------------------------------------

/** One indexed statement a second and node; a longer interval lets other nodes be behind for longer. */
export const FEED_INTERVAL_MS = 1_000;
/** Copies are believed this long after the start of a poll that was wholly applied: the 1.5 s of the promises. */
export const FEED_LEASE_MS = 1_500;
/** Each poll looks back this far behind the last: marks are dated before their statements commit, by a timeout and its wait at most. */
export const FEED_OVERLAP_MS: number = 2 * DURABLE_TIMEOUT_MS_MAX;
export const FEED_PAGE_ROWS = 500;
/** 10 000 marks; a node with more to read raises its trust floor instead, which costs one statement per session read. */
export const FEED_PAGES_MAX = 20;
/** Rows that one statement clears of marks. */
export const FEED_CLEAR_ROWS = 500;
/** Marks are kept for the validation lease, the overlap and this: a paused process may be this late. */
export const DIRTY_WINDOW_MARGIN_MS: number = 30_000;
/** How long reads go on from the primary tier while the durable one is away: long enough for a failover, short enough for a revocation. */
export const DURABLE_OUTAGE_READS_MS_DEFAULT: number = 15 * 60_000;
export const DURABLE_OUTAGE_READS_MS_MAX: number = 24 * 60 * 60_000;
/** Sessions whose activity the durable tier has not been told of, within a second or while it is away: 300 bytes each. */
export const PENDING_TOUCHES_MAX = 100_000;

// --- Hedged reads -----------------------------------------------------------------------------------------------

/** A healthy Redis answers in under 1 ms; after this long the database is asked as well. */
export const HEDGE_AFTER_MS = 50;
/** … or after so many round trips of a slow Redis, if that is longer: else every read would be hedged. */
export const HEDGE_ROUND_TRIPS = 2;
/** Share of reads that may be hedged; more of them wait for Redis, or it has gone silent and the breaker opens. */
export const HEDGE_SHARE: number = 0.05;
/** Hedges that may be spent at once after a quiet time. */
export const HEDGE_BURST = 20;

// --- A slow primary tier ------------------------------------------------------------------------------------------

/** The round trip is the quickest answer of this time … */
export const ROUND_TRIP_WINDOW_MS = 500;
/** … and of so many commands: the server's pauses (a fork, a long script) must not look like a long way to it. */
export const ROUND_TRIP_SAMPLES_MIN = 8;
/** A longer round trip is reported as `slow`: reads take longer than the database would. */
export const SLOW_ABOVE_MS = 50;
/** … until it is shorter than this, so that one of 50 ms does not change its state all the time. */
export const SLOW_UNTIL_MS: number = 0.8 * SLOW_ABOVE_MS;
/** How often a slow tier is asked how slow it is, whether anybody else asks it or not. */
export const SLOW_LOOK_MS = 1_000;
/** Probes in a row that a tier which was given up for being late has to answer in time. One may be luck; more keep a node from it for longer. */
export const PROBES_IN_TIME = 3;

// --- Client -----------------------------------------------------------------------------------------------------

/** How long `ready()` keeps trying: some attempts of the slowest kind. Longer hides from a supervisor that a process does not start. */
export const READY_TIMEOUT_MS_DEFAULT = 10_000;
export const READY_TIMEOUT_MS_MAX: number = 10 * 60_000;
/** Pause between two attempts of `ready()`. What is away is tried in the background meanwhile, so an attempt costs little. */
export const READY_PAUSE_MS = 100;
/** How long `update` waits for its turn and retries conflicts. */
export const UPDATE_TIMEOUT_MS_DEFAULT = 5_000;
export const UPDATE_TIMEOUT_MS_MAX: number = 5 * 60_000;
/** First and longest pause after a lost compare-and-swap; the real one is drawn at random below it. */
export const CONFLICT_BACKOFF_MS_MIN = 2;
export const CONFLICT_BACKOFF_MS_MAX = 50;
/** Updates of one session that may wait in one process; beyond it something is wrong with the caller. */
export const UPDATE_QUEUE_MAX = 10_000;
/** A key service or a file that answers at all answers by then. */
export const KEYS_LOAD_TIMEOUT_MS = 10_000;
/** INSERTs of named sessions whose answer was lost within the last three time-outs: at some thousand writes a second, more are an outage. */
export const INSERTS_IN_DOUBT_MAX = 10_000;
/** Revocations that wait for the durable tier: 15 minutes of 100 logouts a second, some 40 MB. */
export const PENDING_REVOCATIONS_MAX = 100_000;
/** Those among them whose sessions nobody knows, in the life of their tombstones: anybody can make up ids, and this bounds what Redis keeps of them. */
export const PENDING_REVOCATIONS_UNKNOWN_MAX = 1_000;
/** How often due revocations are looked for, and the first pause after one that failed … */
export const PENDING_REVOCATION_RETRY_MS = 500;
/** … which doubles up to this: a row may be locked for long, and its revocation should follow soon after. */
export const PENDING_REVOCATION_RETRY_MS_MAX = 8_000;
/** Revocations that are tried at once: one that waits for a lock holds up none of the others, and requests find room beside them. */
export const PENDING_REVOCATIONS_AT_ONCE = 16;
/** How long a session stays dead in the primary tier alone. Its real life is written in the row that could not be read. */
export const PENDING_TOMBSTONE_TTL_MS: number = 24 * 60 * 60_000;
/** The same for an id that nobody knows, and how long it takes room from others of its kind: as long as Redis serves alone by default. */
export const PENDING_UNKNOWN_TOMBSTONE_TTL_MS: number = 15 * 60_000;

// --- Key rings in a fleet ---------------------------------------------------------------------------------------

/** 128 bits: two lives of two clients never share one. */
export const NODE_ID_BYTES = 16;
/** One tiny statement per node; a longer interval makes the fleet's picture of itself older. */
export const NODE_HEARTBEAT_MS = 10_000;
/** A node's name in messages and in `health()`: 32 bits, enough to tell apart those that run at one time. */
export const NODE_NAME_BYTES = 4;
/** Nodes that a message names one by one: a fleet in which more lag behind has one reason for all. */
export const NODES_NAMED_MAX = 10;
/** A node that could not tell the fleet for this long tells it before it writes again: three heartbeats missed. */
export const NODE_FENCE_MS = 30_000;
/** After a heartbeat that failed, the next one comes sooner: three of them missed would keep the node from writing. */
export const NODE_HEARTBEAT_RETRY_MS = 1_000;
/** A node that closes takes itself from the fleet within this time, or leaves it to age. */
export const NODE_FAREWELL_MS = 1_000;
/** How often somebody who waits for the fleet looks at it: one small statement. */
export const FLEET_POLL_MS = 500;
/** The longest that a promotion or a retirement waits for the fleet; a person should look at a node that takes longer. */
export const FLEET_WAIT_MS_MAX: number = 60 * 60_000;
/** A node counts as alive for this long: the fence, and the longest that a write sent before it may be on its way. */
export const NODE_ALIVE_MS = 60_000;
/** After a node has said that it seals with another key, what it sealed before may still be on its way: twice a time-out and its wait, and clocks. */
export const RING_SETTLE_MS: number = 4 * DURABLE_TIMEOUT_MS_MAX;
/** Nodes that died without a word stay in the fleet's table this long, for the operator to see. */
export const NODE_FORGOTTEN_MS: number = 24 * 60 * 60_000;
/** An unknown key id makes a node load its ring again, at most this often: a flood of forged ones must not load the key service. */
export const KEYS_RELOAD_MS_MIN = 5_000;
/** How often a ring file is looked at: one `stat`. */
export const KEY_FILE_INTERVAL_MS_DEFAULT = 5_000;
/** How often other key sources are asked. A key service bills by the call; a rotation waits for the slowest node. */
export const KEY_SOURCE_INTERVAL_MS_DEFAULT = 60_000;
/** Less would only load the disk or the key service: a rotation takes minutes. */
export const KEY_INTERVAL_MS_MIN = 100;
/** A node that hears of a new ring later than after a day is one that nobody waits for. */
export const KEY_INTERVAL_MS_MAX: number = 24 * 60 * 60_000;
/** Intervals are drawn this much shorter or longer, so that nodes that started together do not ask together for ever. */
export const INTERVAL_JITTER: number = 0.2;
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
/** First and longest pause of a walk that met a tier that is away; the real one is drawn at random below it. */
export const WALK_BACKOFF_MS_MIN = 100;
export const WALK_BACKOFF_MS_MAX = 5_000;
/** Sessions that a walk could not open and names: enough to see a pattern, not enough to fill a log. */
export const WALK_FAILURES_NAMED_MAX = 100;

// --- Keys and envelopes -----------------------------------------------------------------------------------------

/** AES-256 and HMAC-SHA-256 keys alike; also the key-encryption key of a ring (RFC 7518 §4.4). */
export const KEY_BYTES = 32;
/**
 * Fewer different bytes in 32 random ones happen once in 10¹⁰ keys, so less means a constant, a pattern or hexadecimal
 * text: guessable from the thumbprint that names the key (RFC 7638 §7).
 */
export const KEY_DISTINCT_BYTES_MIN = 16;
/** How much of a key's thumbprint an envelope carries. Two keys of one ring that share it are refused. */
export const KEY_ID_BYTES = 8;
/** A ring of a service that rotates daily and never cleans up for ten months; more only slows the start. */
export const RING_KEYS_MAX = 300;
/**
 * Revoked keys that a ring remembers after they were removed, 46 bytes each. None is ever forgotten: a session that one of them
 * sealed once may have been sealed anew ever since. Twenty years of one leak a week.
 */
export const RING_REVOKED_KIDS_MAX = 1_000;
/** Read before anything about the file is known, so it is bounded. 300 keys and 1 000 kids need about 190 KiB. */
export const RING_FILE_BYTES_MAX: number = 512 * 1024;
/** The oldest key that an alarm may allow: ten years, after which no alarm is meant. */
export const KEY_AGE_MS_MAX: number = 3_660 * 24 * 60 * 60_000;
/** How long a change of a ring file waits for another to end: both are short, unless one waits for a fleet. */
export const RING_LOCK_WAIT_MS_DEFAULT = 5_000;
/** A change that waits for every node of a fleet to be restarted; longer than that is somebody who forgot it. */
export const RING_LOCK_WAIT_MS_MAX: number = 60 * 60_000;
/** How often the lock of a ring file is tried; the real pause is drawn at random below it. */
export const RING_LOCK_RETRY_MS = 50;
/** A lock that is older belongs to a process that died, or to a person who should be asked: it is reported at once, not waited for. */
export const RING_LOCK_STALE_MS: number = 2 * 60 * 60_000;
/** Below it, even 600 000 iterations do not keep a stolen ring file from being guessed. */
export const PASSPHRASE_CHARS_MIN = 16;
/** About 0.3 s, once at each start, and as much for every guess. Three times what OWASP asks of PBKDF2-HMAC-SHA512. */
export const RING_PBKDF2_ITERATIONS = 600_000;
/** The OWASP floor for PBKDF2-HMAC-SHA512 (ASVS 5.0, appendix C). A ring sealed with less is not opened. */
export const RING_PBKDF2_ITERATIONS_MIN = 210_000;
/** The count is read from the file before it is authenticated: without a ceiling, a file could stall the process. */
export const RING_PBKDF2_ITERATIONS_MAX = 1_000_000;
/** All recipients of a ring together: about 1.5 s of a processor at a start with a wrong passphrase. */
export const RING_PBKDF2_ITERATIONS_SUM_MAX = 3_000_000;
/** As many as these iterations allow. */
export const RING_PASSPHRASES_MAX: number = RING_PBKDF2_ITERATIONS_SUM_MAX / RING_PBKDF2_ITERATIONS;
/** A key service or two, an old and a new kek, some people's passphrases. Each costs a derivation of 0.3 s or a call when the ring is sealed. */
export const RING_RECIPIENTS_MAX = 10;
/** The longest names of keys that key services give (a Google Cloud resource name, an AWS alias ARN) fit twice. */
export const WRAPPER_ID_CHARS_MAX = 512;
/** AWS KMS answers with at most 6 144 bytes; other services with less. */
export const WRAPPED_KEY_BYTES_MAX: number = 8 * 1024;
/** Half of what suite 1 allows: time to promote another key, at any rate of writes. */
export const A256GCM_MESSAGES_WARN: number = 2 ** 31;
/** NIST SP 800-38D §8.3: messages under one key with random 96-bit nonces. Suite 2 has no such limit in practice. */
export const A256GCM_MESSAGES_MAX: number = 2 ** 32;
/** The application's data and the record around it; what claims to be longer is refused before any key is touched. */
export const PLAINTEXT_BYTES_MAX: number = PAYLOAD_BYTES_MAX + 2 * 1024;

// --- Memo of opened envelopes -------------------------------------------------------------------------------------

/** Some 7 000 sessions of 0.8 KB. More helps those who read more sessions again within `MEMO_LIFETIME_MS`, and costs heap. */
export const MEMO_BYTES_DEFAULT: number = 32 * 1024 * 1024;
/** A few dozen sessions; less is not worth the comparisons. */
export const MEMO_BYTES_MIN: number = 64 * 1024;
/** Beyond it, collecting garbage costs more than opening envelopes. */
export const MEMO_BYTES_MAX: number = 1024 * 1024 * 1024;
/** An envelope is opened anew at least this often: as often as a session in use is touched. Longer, plaintext is referenced for longer. */
export const MEMO_LIFETIME_MS = 30_000;
/** How often the memo looks for what is too old, at most; so much later it is let go, though it is not used any more. */
export const MEMO_LOOK_MS_MIN = 1_000;
/** The objects around an envelope and its data on the heap of Node 24, generously. */
export const MEMO_ENTRY_OVERHEAD_BYTES = 896;
/** Sets of keys that the objects in sessions have, for estimating what parsed data weighs. More than these are as good as unique. */
export const KEY_SETS_MAX = 1_000;
/** With `KEY_SETS_MAX`, what remembering sets of keys may cost: 1 MB. A longer set counts as one that is new each time. */
export const KEY_SET_CHARS_MAX = 1_000;

// --- express-session's store ------------------------------------------------------------------------------------

/**
 * Up to this `cookie.maxAge` each use of a session is stored, so that it ends when its cookie does; a longer one ends up to a touch interval
 * early. A larger value costs every page view of such sessions a write.
 */
export const STORE_EXACT_MAX_AGE_MS = 60_000;
/** … but not more often than this: twenty writes a second at most. */
export const STORE_EXACT_STEP_MS = 50;
/** Below a second even that would be felt, and each use is stored. */
export const STORE_EVERY_USE_MAX_AGE_MS = 1_000;
/** `cookie.expires = …` in each request gives a `maxAge` that differs by what the request took: not worth a write. */
export const STORE_MAX_AGE_TOLERANCE_MS = 10;

// --- Command line -----------------------------------------------------------------------------------------------

/** A passphrase or a key of 32 bytes, with room for a sentence; anything longer is another file given by mistake. */
export const SECRET_FILE_BYTES_MAX: number = 4 * 1024;
/** 48 bits tell the keys of one ring apart, and can be typed. */
export const KID_SHOWN_CHARS = 8;
/** What terminals were made for; some do not say how wide they are. */
export const TERMINAL_COLUMNS_DEFAULT = 80;
/** Ten pictures a second look alive; more only load a slow connection. */
export const PROGRESS_INTERVAL_MS = 100;
