import type { Platform } from '../platform/platform.ts';

/** Settles as `work` does, or rejects with what `late()` gives once `timeoutMs` have passed. What `work` does later is ignored. */
export function withDeadline<T>(
  platform: Platform,
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = platform.after(timeoutMs, () => reject(late()));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
