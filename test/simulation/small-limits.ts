/**
 * Bounds of the library, by file of `src/limits`, that are lowered here, so that a run of a few seconds reaches them: nothing
 * depends on their size, but all depends on what happens beyond them.
 */
export const SMALL_LIMITS = {
  'durable-tier': { REVOKE_BATCH_ROWS: 2, LIST_PAGE_ROWS: 2 },
  feed: { FEED_PAGE_ROWS: 4, FEED_PAGES_MAX: 4, FEED_CLEAR_ROWS: 3 },
  upkeep: {
    SWEEP_FIRST_MS: 500,
    SWEEP_EVERY_MS_MIN: 500,
    SWEEP_BUSY_MS: 500,
    SWEEP_CLAIM_MS: 5_000,
    SWEEP_PAGE_ROWS: 3,
    // The sum for brief sessions: a tenth of a minute for a touch, a second, what clocks may differ by, and a write that waits.
    SWEEP_SLACK_MS: 35_000,
    REVOKED_RETENTION_MS_MIN: 15_000,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The exports of a file of `src/limits` with the small limits in place of its own. */
export async function withSmallLimits(
  file: keyof typeof SMALL_LIMITS,
  original: () => Promise<object>,
): Promise<object> {
  return { ...(await original()), ...SMALL_LIMITS[file] };
}
