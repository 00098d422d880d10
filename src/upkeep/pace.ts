import { delay, type Platform } from '../platform/platform.ts';

/** Lets so many turns begin in a second, evenly spaced: time that was not used is not made up for in a burst. */
export class Pace {
  readonly #platform: Platform;
  readonly #intervalMs: number;
  #nextAt = 0;

  constructor(platform: Platform, perSecond: number | undefined) {
    this.#platform = platform;
    this.#intervalMs = perSecond === undefined ? 0 : 1_000 / perSecond;
  }

  async turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#intervalMs === 0) return;
    const now = this.#platform.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#intervalMs;
    if (at > now) await delay(this.#platform, at - now, signal);
  }
}
