import type { Platform } from './platform.ts';

/**
 * A moment on both clocks of this machine. The monotonic clock may stop while the machine sleeps, and the wall clock
 * may be set; what has to be recent must be so by both.
 */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export const NEVER: Moment = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

export function presentMoment(platform: Platform): Moment {
  return { monotonic: platform.monotonic(), wall: platform.now() };
}

/** Returns the milliseconds since then, by the clock that shows more. */
export function elapsedSince(platform: Platform, { monotonic, wall }: Moment): number {
  return Math.max(platform.monotonic() - monotonic, platform.now() - wall);
}

export function earlierOf(one: Moment, other: Moment): Moment {
  return one.monotonic <= other.monotonic ? one : other;
}
