/** The interval at which the nodes of a cluster are asked for its map. A master that lost its slots unnoticed answers with MOVED meanwhile. */
export const MAP_REFRESH_MS = 1_000;
/** The least time between two such questions: in a fail-over every call asks for one. */
export const MAP_REFRESH_GAP_MS = 50;
/**
 * The age at which a map does not show any more that no slot went and came back meanwhile: a process may be blocked. Shorter than any
 * fail-over, which takes twice the node timeout.
 */
export const MAP_TRUSTED_MS = 2_000;
/** The redirections that one call follows: to the new owner of a slot, which may be handing it on already. */
export const REDIRECTIONS_MAX = 3;
/**
 * The names that are tried for a key in a slot of a given shard: a shard of a single slot has one among 16,384 names, and one among these
 * but for a chance of 1 to 200,000.
 */
export const PROBE_KEYS_TRIED_MAX = 200_000;
