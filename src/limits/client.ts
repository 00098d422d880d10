/** How long `ready()` keeps trying: some attempts of the slowest kind. Longer hides from a supervisor that a process does not start. */
export const READY_TIMEOUT_MS_DEFAULT = 10_000;
export const READY_TIMEOUT_MS_MAX: number = 10 * 60_000;
/** Pause between two attempts of `ready()`. What is away is tried in the background meanwhile, so an attempt costs little. */
export const READY_PAUSE_MS = 100;
/** How long `update` waits for its turn and retries conflicts. */
export const UPDATE_TIMEOUT_MS_DEFAULT = 5_000;
export const UPDATE_TIMEOUT_MS_MAX: number = 5 * 60_000;
/** Pauses after a lost compare-and-swap: a round trip or two at first. Writers that met once must not meet again, so any pause below is as likely. */
export const CONFLICT_BACKOFF = { firstMs: 4, longestMs: 50 } as const;
/** Updates of one session that may wait in one process; beyond it something is wrong with the caller. */
export const UPDATE_QUEUE_MAX = 10_000;
/** A key service or a file that answers at all answers by then. */
export const KEYS_LOAD_TIMEOUT_MS = 10_000;
