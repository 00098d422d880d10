import type { Steps } from './steps.ts';

/** Lets so many turns begin in a second, evenly spaced: time that was not used is not made up for in a burst. */
export class Pace {
  readonly #steps: Steps;
  readonly #intervalMs: number;
  #nextAt = 0;

  constructor(steps: Steps, perSecond: number | undefined) {
    this.#steps = steps;
    this.#intervalMs = perSecond === undefined ? 0 : 1_000 / perSecond;
  }

  async turn(): Promise<void> {
    if (this.#intervalMs === 0) return;
    const now = this.#steps.platform.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#intervalMs;
    if (at > now) await this.#steps.pause(at - now);
  }
}
