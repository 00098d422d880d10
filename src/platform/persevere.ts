import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../errors.ts';
import { WALK_BACKOFF_MS_MAX, WALK_BACKOFF_MS_MIN } from '../limits/upkeep.ts';
import type { Platform } from './platform.ts';

/**
 * Takes one step of a long piece of work, again and again while a tier is away or a write's outcome is unknown, with growing
 * pauses. Each step looks afresh at what is there, so taking it twice does no harm. Rejects with the signal's reason.
 */
export async function persevere<T>(
  platform: Platform,
  signal: AbortSignal | undefined,
  step: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await step();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    const ceilingMs = Math.min(WALK_BACKOFF_MS_MIN * 2 ** attempt, WALK_BACKOFF_MS_MAX);
    await pause(platform, ceilingMs * (0.5 + platform.random() / 2), signal);
  }
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
export function pause(platform: Platform, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = platform.after(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof TierUnavailableError ||
    error instanceof OutcomeUnknownError ||
    error instanceof RevocationNotDurableError
  );
}
