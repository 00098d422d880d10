import { SWEEP_PAGE_ROWS, SWEEP_PAUSE_MS, SWEEP_REST_FACTOR, SWEEP_SLACK_MS } from '../limits/upkeep.ts';
import type { Platform } from '../platform/platform.ts';
import type { DurableGuard } from '../tiering/guard/durable-guard.ts';

/** The parts that a sweep works with. */
export interface SweepContext {
  readonly platform: Platform;
  readonly durable: DurableGuard;
  /** The longest that the primary tier alone may serve while the durable one is away. */
  readonly durableOutageReadsMs: number;
}

/** The outcome of one page of a pass. */
export interface SweptPage {
  /** Rows that were looked at, of every namespace. */
  readonly scanned: number;
  /** Rows that were deleted. */
  readonly removed: number;
  /** The storage key to go on after; null after the last row. */
  readonly next: Buffer | null;
  /** Milliseconds for which the database is left in peace before the next page. */
  readonly restMs: number;
}

/**
 * Looks at the next rows and deletes those that nobody needs any more. The durable tier gives the same answers for a
 * deleted row as for one that has ended or is revoked. A row is kept only for as long as a statement under way, or a node
 * that was cut off, may still write to it; such as the activity of a session that the primary tier alone had served.
 */
export async function sweepPage(
  { durable, platform, durableOutageReadsMs }: SweepContext,
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
