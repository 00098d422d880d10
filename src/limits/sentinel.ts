/** A healthy Sentinel answers in under 1 ms. The others decide without one that takes longer. */
export const SENTINEL_TIMEOUT_MS = 250;
/** The pause between two rounds of questions while the master serves: a planned fail-over is noticed this late. */
export const SENTINEL_POLL_MS = 1_000;
/** The same while no master serves. A subscription to the Sentinels' news was no faster, and needs more grants. */
export const SENTINEL_SEARCH_MS = 250;
/** The Sentinels that may be given. Every process keeps a connection to each. */
export const SENTINELS_MAX = 16;
