import { HEDGE_BURST, HEDGE_SHARE } from '../../limits/primary-tier.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { Platform } from '../../platform/platform.ts';
import type { PrimaryGuard, Unreached } from '../trust/primary-guard.ts';

/** The first tier, as a race sees it. */
type First = Pick<PrimaryGuard, 'giveUp' | 'trip'> & {
  readonly roundTrip: Pick<PrimaryGuard['roundTrip'], 'hedgeAfterMs'>;
};

/**
 * A second question to the durable tier when the primary one is slow: whoever answers first is heard. The budget grows
 * with the reads. When it is spent, a primary tier that answers others is waited for (hedging every read of an overloaded
 * process would load the database too), and one that has gone silent is given up.
 */
export class Hedge {
  readonly #platform: Platform;
  readonly #first: First;
  /** Of each read that waits, what asks the second. */
  readonly #timeouts: CoarseTimeouts<() => void>;
  #budget = HEDGE_BURST;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(platform: Platform, first: First) {
    this.#platform = platform;
    this.#first = first;
    this.#timeouts = new CoarseTimeouts(
      platform,
      () => first.roundTrip.hedgeAfterMs,
      (ask) => ask(),
    );
  }

  /**
   * What `use` makes of the first tier's answer, or the second's if that comes sooner. Only the first tier is timed: what comes
   * after its answer is none of its fault. A hedge that fails is no answer, and a first tier that fails was not reached.
   */
  race<A, T>(first: Promise<A>, use: (answer: A | Unreached) => Promise<T> | T, second: () => Promise<T>): Promise<T> {
    this.#budget = Math.min(this.#budget + HEDGE_SHARE, HEDGE_BURST);
    return new Promise((resolve, reject) => {
      const ask = (): void => {
        if (this.#mayAsk()) second().then(resolve, () => undefined);
      };
      this.#timeouts.begin(ask);
      const hear = (answer: A | Unreached): void => {
        this.#answeredAt = this.#platform.monotonic();
        this.#timeouts.end(ask);
        try {
          const outcome = use(answer);
          // Not `resolve(outcome)`: if the second tier was first, nobody would hear it fail.
          if (outcome instanceof Promise) outcome.then(resolve, reject);
          else resolve(outcome);
        } catch (error) {
          reject(error);
        }
      };
      first.then(hear, (error: unknown) => hear(this.#first.giveUp(error)));
    });
  }

  #mayAsk(): boolean {
    if (this.#budget >= 1) {
      this.#budget -= 1;
      return true;
    }
    const isSilent = this.#platform.monotonic() - this.#answeredAt > this.#first.roundTrip.hedgeAfterMs;
    // Out of use, it is no hedge any more to ask the durable tier, but the way it is done then.
    if (isSilent) this.#first.trip('silent');
    return isSilent;
  }
}
