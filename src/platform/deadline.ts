import type { CoarseTimeouts } from './coarse-timeouts.ts';
import type { Platform } from './platform.ts';

/** Settles as `work` does, or rejects with what `late()` gives once `timeoutMs` have passed. What `work` does later is ignored. */
export function withDeadline<T>(
  platform: Platform,
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = platform.after(timeoutMs, () => reject(late()), 'foreground');
    settleWith(work, cancel, resolve, reject);
  });
}

/** Works like `withDeadline`, with a timer that does not keep the process alive. */
export function withBackgroundDeadline<T>(
  platform: Platform,
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = platform.after(timeoutMs, () => reject(late()), 'background');
    settleWith(work, cancel, resolve, reject);
  });
}

/** Settles as `work` does, or rejects with what `late()` gives at the coarse timeout. What `work` does later is ignored. */
export function withCoarseTimeout<T>(
  timeouts: CoarseTimeouts<() => void>,
  work: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(late());
    timeouts.begin(giveUp);
    settleWith(work, () => timeouts.end(giveUp), resolve, reject);
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
