import { DURABLE_TIMEOUT_MS_MAX } from './durable-tier.ts';

/**
 * The interval of polls: one indexed statement a second and node. A longer one leaves a node behind the others for
 * longer.
 */
export const FEED_INTERVAL_MS = 1_000;
/** Copies are trusted this long after the start of a poll that was applied in full: the 1.5 s of the promises. */
export const FEED_FRESH_MS = 1_500;
/**
 * Each poll looks back this far behind the last: a mark is dated before its statement commits, by at most a timeout and
 * its wait.
 */
export const FEED_OVERLAP_MS: number = 2 * DURABLE_TIMEOUT_MS_MAX;
/** The marks that one statement of a poll reads: some milliseconds. */
export const FEED_PAGE_ROWS = 500;
/**
 * 10 000 marks. A node with more to read raises its trust floor instead, which costs one statement per session read.
 */
export const FEED_PAGES_MAX = 20;
/** The marks that one statement clears. */
export const FEED_CLEAR_ROWS = 500;
/** Marks are kept for `revalidateAfter`, `FEED_OVERLAP_MS` and this: a paused process may be this late. */
export const DIRTY_WINDOW_MARGIN_MS: number = 30_000;
/**
 * The time in which reads go on from the primary tier alone: long enough for a failover, short enough for a revocation.
 */
export const DURABLE_OUTAGE_READS_MS_DEFAULT: number = 15 * 60_000;
/** The value that means never: reads fail as soon as the dirty feed is late. */
export const DURABLE_OUTAGE_READS_MS_MIN = 0;
/** A day: a logout that a node without Redis makes during the outage is noticed this late at most. */
export const DURABLE_OUTAGE_READS_MS_MAX: number = 24 * 60 * 60_000;
