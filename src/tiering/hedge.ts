import { HEDGE_AFTER_MS, HEDGE_BURST, HEDGE_SHARE } from '../limits.ts';
import type { Platform } from '../platform/platform.ts';

/**
 * A second question to the durable tier when the primary one is slow: whoever answers first is heard. The budget grows
 * with the reads, so a primary tier that is slow for more than a few of them is noticed instead of doubled.
 */
export class Hedge {
  readonly #platform: Platform;
  readonly #onSpent: () => void;
  #budget = HEDGE_BURST;

  /** `onSpent` is told that too many reads are slow. */
  constructor(platform: Platform, onSpent: () => void) {
    this.#platform = platform;
    this.#onSpent = onSpent;
  }

  /** The first answer. A hedge that fails is no answer; one that succeeds ends the wait. */
  race<T>(first: Promise<T>, second: () => Promise<T>): Promise<T> {
    this.#budget = Math.min(this.#budget + HEDGE_SHARE, HEDGE_BURST);
    return new Promise((resolve, reject) => {
      const cancel = this.#platform.after(HEDGE_AFTER_MS, () => {
        this.#spend();
        second().then(resolve, () => undefined);
      });
      first.then(resolve, reject).finally(cancel);
    });
  }

  /** Beyond the budget the primary tier is out of use, and asking the durable one is no hedge but the way it is done then. */
  #spend(): void {
    if (this.#budget >= 1) this.#budget -= 1;
    else this.#onSpent();
  }
}
