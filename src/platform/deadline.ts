import type { Patience } from './patience.ts';
import type { Platform } from './platform.ts';

/** Settles as `work` does, or rejects with what `late()` gives once `timeoutMs` have passed. What `work` does later is ignored. */
export function withDeadline<T>(
  platform: Platform,
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = platform.after(timeoutMs, () => reject(late()));
    settleWith(work, cancel, resolve, reject);
  });
}

/** As `withDeadline`, for as long as this patience lasts. */
export function withPatience<T>(patience: Patience<() => void>, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(late());
    patience.begin(giveUp);
    settleWith(work, () => patience.end(giveUp), resolve, reject);
  });
}

function settleWith<T>(
  work: Promise<T>,
  cancel: () => void,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): void {
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
}
