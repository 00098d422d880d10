import { DURABLE_TIMEOUT_MS_MAX } from './durable-tier.ts';

/** One indexed statement a second and node; a longer interval lets other nodes be behind for longer. */
export const FEED_INTERVAL_MS = 1_000;
/** Copies are believed this long after the start of a poll that was wholly applied: the 1.5 s of the promises. */
export const FEED_FRESH_MS = 1_500;
/** Each poll looks back this far behind the last: marks are dated before their statements commit, by a timeout and its wait at most. */
export const FEED_OVERLAP_MS: number = 2 * DURABLE_TIMEOUT_MS_MAX;
export const FEED_PAGE_ROWS = 500;
/** 10 000 marks; a node with more to read raises its trust floor instead, which costs one statement per session read. */
export const FEED_PAGES_MAX = 20;
/** Rows that one statement clears of marks. */
export const FEED_CLEAR_ROWS = 500;
/** Marks are kept for `revalidateAfter`, `FEED_OVERLAP_MS` and this: a paused process may be this late. */
export const DIRTY_WINDOW_MARGIN_MS: number = 30_000;
/** How long reads go on from the primary tier while the durable one is away: long enough for a failover, short enough for a revocation. */
export const DURABLE_OUTAGE_READS_MS_DEFAULT: number = 15 * 60_000;
export const DURABLE_OUTAGE_READS_MS_MAX: number = 24 * 60 * 60_000;
