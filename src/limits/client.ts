/**
 * The time in which `ready()` retries: some attempts of the slowest kind. A longer one hides from a supervisor that the
 * process does not start.
 */
export const READY_TIMEOUT_MS_DEFAULT = 10_000;
/** A process that is not ready by then does not start, and its supervisor should know. */
export const READY_TIMEOUT_MS_MAX: number = 10 * 60_000;
/** The pause between two attempts of `ready()`. The tiers reconnect in the background, so an attempt costs little. */
export const READY_PAUSE_MS = 100;
/**
 * The time in which `update` waits for its turn and retries conflicts. A longer one holds more requests on a contended
 * session.
 */
export const UPDATE_TIMEOUT_MS_DEFAULT = 5_000;
/** A shorter one would refuse writes that meet no other: a statement alone takes milliseconds. */
export const UPDATE_TIMEOUT_MS_MIN = 10;
/** A caller that can wait for longer can also call again. */
export const UPDATE_TIMEOUT_MS_MAX: number = 5 * 60_000;
/** The pauses after a lost compare-and-swap, drawn from zero up, so that writers that met once do not meet again. */
export const CONFLICT_BACKOFF = { firstMs: 4, longestMs: 50 } as const;
/** The updates of one session that may wait in one process. More point to a mistake of the caller. */
export const UPDATE_QUEUE_MAX = 10_000;
/** The timeout of a key source. A key service or a file that answers at all answers within it. */
export const KEYS_LOAD_TIMEOUT_MS = 10_000;
