import { requireOptions } from '../option-checks.ts';
import type { Duration } from '../platform/duration.ts';
import { delay } from '../platform/platform.ts';
import { retry } from '../platform/retry.ts';
import { resolveRevokedRetention } from './sweep-options.ts';
import type { MaintenanceTarget } from '../fleet/target.ts';

export interface SweepSessionsOptions {
  /** How long the rows of destroyed sessions are kept. From 15 min to 366 days. @defaultValue '24h' */
  readonly revokedRetention?: Duration;
  /** Called after each page. */
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Ends the sweep, which then rejects with the signal's reason. What is deleted stays deleted. */
  readonly signal?: AbortSignal;
}

export interface SweepProgress {
  /** Rows that were looked at, of every namespace. */
  readonly scanned: number;
  /** Rows of this namespace that were deleted. */
  readonly removed: number;
}

/**
 * Deletes the rows of sessions that ended long ago, in one pass over all of them and with pauses, as a client does by itself
 * unless its `sweep` is false. For a job of your own that does it instead. Waits for a tier that is away. Two at a time do no harm.
 */
export async function sweepSessions(
  sessions: MaintenanceTarget,
  options: SweepSessionsOptions = {},
): Promise<SweepProgress> {
  const given = requireOptions('sweepSessions options', options, ['revokedRetention', 'onProgress', 'signal']);
  const { onProgress, signal } = given;
  const revokedRetentionMs = resolveRevokedRetention('revokedRetention', given.revokedRetention);
  const platform = await sessions['~use'](({ platform: own }) => Promise.resolve(own));
  let after: Buffer = Buffer.alloc(0);
  let done: SweepProgress = { scanned: 0, removed: 0 };
  for (;;) {
    const from = after;
    const { scanned, removed, next, restMs } = await retry(platform, signal, () =>
      sessions['~use'](({ store }) => store.sweepPage(from, revokedRetentionMs)),
    );
    done = { scanned: done.scanned + scanned, removed: done.removed + removed };
    onProgress?.(done);
    if (next === null) return done;
    after = next;
    await delay(platform, restMs, signal);
  }
}
