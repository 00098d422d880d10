/**
 * Bounds of the library that are lowered here, so that a run of a few seconds reaches them: nothing depends on their size,
 * but all depends on what happens beyond them.
 */
export const SMALL_LIMITS: Readonly<Record<string, number>> = {
  REVOKE_BATCH_ROWS: 2,
  LIST_PAGE_ROWS: 2,
  FEED_PAGE_ROWS: 4,
  FEED_PAGES_MAX: 4,
  FEED_CLEAR_ROWS: 3,
};
