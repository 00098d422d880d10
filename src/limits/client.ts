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
