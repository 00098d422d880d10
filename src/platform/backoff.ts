import type { Platform } from './platform.ts';

export interface Backoff {
  /** The longest pause after the first failure, in milliseconds. It doubles with each further failure. */
  readonly firstMs: number;
  /** The longest pause of all, in milliseconds. */
  readonly longestMs: number;
  /**
   * The least share of the longest pause, from 0 to 1: more keeps attempts apart, less scatters callers that failed together.
   * @defaultValue 0
   */
  readonly floor?: number;
}

/**
 * Returns a random pause in milliseconds before the next attempt. `failures` counts the failures before the last one.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(platform: Platform, { firstMs, longestMs, floor = 0 }: Backoff, failures: number): number {
  const ceilingMs = Math.min(firstMs * 2 ** failures, longestMs);
  return ceilingMs * (floor + (1 - floor) * platform.random());
}
