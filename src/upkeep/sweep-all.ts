import { sweepPage } from './sweep-page.ts';
import type { Steps } from './steps.ts';

/** The rows of a sweep so far. */
export interface SweepProgress {
  /** Rows that were looked at, of every namespace. */
  readonly scanned: number;
  /** Rows of this namespace that were deleted. */
  readonly removed: number;
}

/** Deletes the rows of sessions that ended long ago, in one pass over all of them, with pauses. */
export async function sweepAll(
  steps: Steps,
  revokedRetentionMs: number,
  onProgress: (progress: SweepProgress) => void,
): Promise<SweepProgress> {
  let after: Buffer = Buffer.alloc(0);
  let done: SweepProgress = { scanned: 0, removed: 0 };
  for (;;) {
    const from = after;
    const { scanned, removed, next, restMs } = await steps.take((context) =>
      sweepPage(context, from, revokedRetentionMs),
    );
    done = { scanned: done.scanned + scanned, removed: done.removed + removed };
    onProgress(done);
    if (next === null) return done;
    after = next;
    await steps.pause(restMs);
  }
}
