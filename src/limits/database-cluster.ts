/** The committed time of a cluster is written anew when it is this old: about one tiny statement a second for the whole fleet. */
export const CLUSTER_TIME_STEP_MS = 1_000;
/**
 * The clock of a server is known for this long after it was read. Quartz drifts by a hundredth of a second meanwhile; a clock that was
 * set is noticed with the next poll that the server answers.
 */
export const SERVER_READING_MS: number = 60_000;
/** A time that is this far behind the clock of a client that starts has stopped, since no client ran: that client sets it forward. */
export const CLUSTER_TIME_LEAP_MS = 60_000;
/** The clocks of two servers of a cluster may be this far apart. */
export const CLUSTER_CLOCKS_APART_MS: number = 60 * 60_000;
