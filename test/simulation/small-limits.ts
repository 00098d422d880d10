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
  SWEEP_FIRST_MS: 500,
  SWEEP_EVERY_MS_MIN: 500,
  SWEEP_BUSY_MS: 500,
  SWEEP_LEASE_MS: 5_000,
  SWEEP_PAGE_ROWS: 3,
  // Of the brief sessions: a tenth of a minute for a touch, a second, what clocks may differ by, and a write that waits.
  SWEEP_SLACK_MS: 35_000,
  REVOKED_RETENTION_MS_MIN: 15_000,
};
