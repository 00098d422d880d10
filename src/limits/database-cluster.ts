/** The committed time of a cluster is written anew when it is this old: about one tiny statement a second for the whole fleet. */
export const CLUSTER_TIME_STEP_MS = 1_000;
/**
 * The clock of a server is known for this long after it was read. Quartz drifts by a hundredth of a second meanwhile; a clock that was
 * set is noticed with the next poll that the server answers.
 */
export const SERVER_READING_MS: number = 60_000;
/** The namespace of the row that holds the time of the cluster. No client can have it: names of namespaces hold no `#`. */
export const CLUSTER_TIME_NAMESPACE = '#time';
