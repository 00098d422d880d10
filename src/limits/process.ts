/** Changes of one tier's state that are announced at once: two outages and their ends. A tier that flaps must not flood a log. */
export const TIER_CHANGE_EVENTS_MAX = 4;
/** … in this time; what comes after them is announced as one, so late at most. */
export const TIER_CHANGE_WINDOW_MS = 10_000;
/** A server's clock that was set back by less is not worth a word: copies are doubted for so long. */
export const CLOCK_TOLERANCE_MS = 1_000;
/** Random bytes drawn at once for one turn of the event loop: ids and nonces of 14 new sessions. More costs more, used or not. */
export const RANDOM_POOL_BYTES = 1_024;
/**
 * How often the waits for a tier's answers are looked at, all with one timer: nothing beside the shortest of them (50 ms), and 200
 * timers a second instead of one for each command.
 */
export const COARSE_TICK_MS = 5;
/**
 * A tick that comes later was kept by a process that stood still, and counts for so much: a wait is for a tier, not for ourselves. So
 * the shortest wait is over after five turns of an event loop, and the longest command (1 s) after a hundred, however long they take.
 */
export const COARSE_TICK_COUNTED_MS_MAX: number = 2 * COARSE_TICK_MS;
/** Deletions after which a small `TransientMap` is replaced; the cost is that of copying what is in it, at most as much as was deleted. */
export const TRANSIENT_DELETIONS_MIN = 64;
