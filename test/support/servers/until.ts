export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly what?: string;
}

type Truthy<T> = Exclude<T, null | undefined | false | 0 | ''>;

const POLL_MS = 15;

/**
 * Waits for a condition, never for a length of time: resolves with the first truthy answer. A condition that throws
 * counts as "not yet"; its last error becomes the cause when time runs out.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<Truthy<T>> {
  const { timeoutMs = 30_000, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer as Truthy<T>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`${what} did not come true in ${timeoutMs} ms`, { cause });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
