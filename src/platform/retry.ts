import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../errors.ts';
import { WALK_BACKOFF } from '../limits/upkeep.ts';
import { backoffMs } from './backoff.ts';
import { delay, type Platform } from './platform.ts';

/**
 * Repeats a step with growing pauses while a tier is unavailable or a write's outcome is unknown. The step must be safe to
 * repeat. Rejects with any other error, and with the signal's reason.
 */
export async function retry<T>(
  platform: Platform,
  signal: AbortSignal | undefined,
  step: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await step();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    await delay(platform, backoffMs(platform, WALK_BACKOFF, failures), signal);
  }
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof TierUnavailableError ||
    error instanceof OutcomeUnknownError ||
    error instanceof RevocationNotDurableError
  );
}
