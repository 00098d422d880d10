import { isHoldfastError } from '../errors.ts';
import { READY_PAUSE_MS } from '../limits/client.ts';
import { delay, type Platform } from '../platform/platform.ts';
import { withDeadline } from '../platform/deadline.ts';

/**
 * Repeats `attempt` until it succeeds, or fails with what waiting does not mend, or `timeoutMs` have passed: then it rejects
 * with the last failure, or with `pending()` if the first attempt has not ended yet. With a timeout of 0, makes one attempt.
 */
export async function untilReady(
  platform: Platform,
  timeoutMs: number,
  attempt: () => Promise<void>,
  pending: () => Error,
): Promise<void> {
  if (timeoutMs === 0) return attempt();
  const until = platform.monotonic() + timeoutMs;
  let failure: Error | undefined;
  for (;;) {
    try {
      return await withDeadline(platform, until - platform.monotonic(), attempt(), () => new TimeIsUp());
    } catch (error) {
      if (error instanceof TimeIsUp) throw failure ?? pending();
      if (!mayPass(error)) throw error;
      if (platform.monotonic() + READY_PAUSE_MS >= until) throw error;
      failure = error;
    }
    await delay(platform, READY_PAUSE_MS);
  }
}

class TimeIsUp extends Error {}

/** True if waiting may help. An error of the application's key source says so with `retryable`. */
function mayPass(error: unknown): error is Error {
  if (isHoldfastError(error)) return error.retryable;
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}
