import { SWEEP_PAGE_ROWS, SWEEP_PAUSE_MS, SWEEP_REST_FACTOR, SWEEP_SLACK_MS } from '../../limits/upkeep.ts';
import type { TieringContext } from '../context.ts';

/** What became of one page of a pass. */
export interface SweptPage {
  /** Rows that were looked at, of whatever namespace. */
  readonly scanned: number;
  /** Rows that were deleted. */
  readonly removed: number;
  /** Where to go on; null after the last row. */
  readonly next: Buffer | null;
  /** Milliseconds for which the database is left in peace before the next page. */
  readonly restMs: number;
}

/**
 * Looks at the next rows and deletes those that nobody needs any more. Of a row that is gone, every question is answered as
 * of one that has ended or is revoked, so what has to be kept is only what a statement under way, or a node that was cut off,
 * may still have to say about it: that of a session which was served by the primary tier alone and told late, too.
 */
export async function sweepPage(
  { durable, platform, durableOutageReadsMs }: TieringContext,
  after: Buffer,
  revokedRetentionMs: number,
): Promise<SweptPage> {
  const startedAt = platform.monotonic();
  const now = durable.earlierNow();
  const endedBefore = now - durableOutageReadsMs - SWEEP_SLACK_MS;
  const bounds = { endedBefore, revokedBefore: now - revokedRetentionMs };
  const { storageKeys, scanned, next } = await durable.upkeep.findEnded({ after, limit: SWEEP_PAGE_ROWS, ...bounds });
  const removed = storageKeys.length === 0 ? 0 : await durable.upkeep.removeEnded({ storageKeys, ...bounds });
  const tookMs = platform.monotonic() - startedAt;
  return { scanned, removed, next, restMs: Math.max(SWEEP_PAUSE_MS, SWEEP_REST_FACTOR * tookMs) };
}
