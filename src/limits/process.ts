/**
 * The changes of one tier's state that are announced at once: two outages and their ends. A tier that flaps must not
 * flood a log.
 */
export const TIER_CHANGE_EVENTS_MAX = 4;
/** The time in which they count. Later changes are announced as one, at most this late. */
export const TIER_CHANGE_WINDOW_MS = 10_000;
/**
 * The refusals of one reason that the audit stream names in a second; the others are counted. Enough to see whom it concerns; a larger
 * value lets an attacker write more into the log.
 */
export const AUDIT_REFUSALS_PER_SECOND = 10;
/** The time in which they count. */
export const AUDIT_REFUSALS_WINDOW_MS = 1_000;
/** A server's clock that was set back by less is not reported: copies are not trusted for as long. */
export const CLOCK_TOLERANCE_MS = 1_000;
/**
 * The random bytes drawn at once for one turn of the event loop: ids and nonces of 14 new sessions. Unused ones cost as
 * much.
 */
export const RANDOM_POOL_BYTES = 1_024;
/**
 * The interval at which timeouts of a tier's answers are checked: small beside the shortest of them (50 ms), and 200
 * timers a second instead of one for each command.
 */
export const COARSE_TICK_MS = 5;
/**
 * A tick that comes later means that the process was blocked, and counts only this much: a timeout is for a tier, not
 * for this process. The shortest timeout (50 ms) ends after five turns of the event loop, the longest command (1 s)
 * after a hundred, however long they take.
 */
export const COARSE_TICK_COUNTED_MS_MAX: number = 2 * COARSE_TICK_MS;
/** The deletions after which a small `TransientMap` is replaced. Copying costs at most as much as the deletions did. */
export const TRANSIENT_DELETIONS_MIN = 64;
