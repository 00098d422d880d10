import { randomFillSync } from 'node:crypto';
import { RANDOM_POOL_BYTES } from '../limits/process.ts';
import { RandomPool } from './random-pool.ts';

/** Stops a timer; calling it twice is harmless. */
export type CancelTimer = () => void;

/**
 * The only source of time and randomness. Tests and the simulator pass their own, so that a year passes in a
 * millisecond and a failure replays from its seed.
 */
export interface Platform {
  /** Returns the wall clock, in milliseconds since the epoch. It decides expiry, never order. */
  now(): number;
  /** Returns milliseconds from an arbitrary start; never goes backwards. */
  monotonic(): number;
  /** Fills `length` bytes of `target` from `offset` with cryptographically strong random bytes. */
  fillRandom(target: Uint8Array, offset: number, length: number): void;
  /** Returns a number in [0, 1) for jitter; not for secrets. */
  random(): number;
  /** Runs `callback` once after `delayMs`. A `background` timer does not keep the process alive. */
  after(delayMs: number, callback: () => void, kind?: 'background' | 'foreground'): CancelTimer;
  /** Runs `callback` once the event loop has read what has arrived on its sockets so far. */
  afterInput(callback: () => void): void;
}

const randomPool = new RandomPool({
  fill: (bytes) => void randomFillSync(bytes),
  afterTurn: (callback) => void setImmediate(callback),
});

export const systemPlatform: Platform = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  fillRandom: (target, offset, length) => {
    if (length <= RANDOM_POOL_BYTES) randomPool.draw(target, offset, length);
    else randomFillSync(target, offset, length);
  },
  random: () => Math.random(),
  after(delayMs, callback, kind = 'foreground') {
    const timer = setTimeout(callback, delayMs);
    if (kind === 'background') timer.unref();
    return () => clearTimeout(timer);
  },
  // Runs after the event loop has polled for input. A timer may not: Node runs further due timers without a poll
  // between.
  afterInput: (callback) => void setImmediate(callback),
};

/** Returns `length` random bytes in a buffer of their own. */
export function randomBytes(platform: Platform, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  platform.fillRandom(bytes, 0, length);
  return bytes;
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
export function delay(platform: Platform, delayMs: number, signal?: AbortSignal): Promise<void> {
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
