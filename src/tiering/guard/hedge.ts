import { HEDGE_BURST, HEDGE_SHARE } from '../../limits/primary-tier.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { Platform } from '../../platform/platform.ts';
import type { RoundTrip } from './round-trip.ts';
import type { Unreached } from './unreached.ts';

/** The part of a shard of the primary tier that a race needs. */
interface First {
  readonly roundTrip: Pick<RoundTrip, 'hedgeAfterMs'>;
  readonly giveUp: (error: unknown) => Unreached;
  trip(reason: string): void;
}

/**
 * Reads the durable tier as well when a shard of the primary tier is slow; the first answer counts. The budget of such reads grows with all
 * reads. When it is spent, a shard that answers other reads is waited for (hedging every read of an overloaded process would
 * load the database too), and one that has gone silent is given up.
 */
export class Hedge {
  readonly #platform: Platform;
  readonly #first: First;
  /** The reads that wait for the primary tier, each as the function that asks the durable tier. */
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
   * Resolves to what `use` makes of the first tier's answer, or to the second tier's answer if that comes sooner. Only the first tier
   * is timed: what follows its answer is not its fault. A hedge that fails is no answer, and a first tier that fails was not reached.
   */
  race<A, T>(
    first: Promise<A | Unreached>,
    use: (answer: A | Unreached) => Promise<T> | T,
    second: () => Promise<T>,
  ): Promise<T> {
    this.#budget = Math.min(this.#budget + HEDGE_SHARE, HEDGE_BURST);
    return new Promise((resolve, reject) => {
      const ask = (): void => {
        if (this.#mayAsk()) second().then(resolve, () => undefined);
      };
      this.#timeouts.begin(ask);
      const receive = (answer: A | Unreached): void => {
        this.#answeredAt = this.#platform.monotonic();
        this.#timeouts.end(ask);
        try {
          const outcome = use(answer);
          // Not `resolve(outcome)`: if the second tier was first, its failure would be an unhandled rejection.
          if (outcome instanceof Promise) outcome.then(resolve, reject);
          else resolve(outcome);
        } catch (error) {
          reject(error);
        }
      };
      first.then(receive, (error: unknown) => receive(this.#first.giveUp(error)));
    });
  }

  #mayAsk(): boolean {
    if (this.#budget >= 1) {
      this.#budget -= 1;
      return true;
    }
    const isSilent = this.#platform.monotonic() - this.#answeredAt > this.#first.roundTrip.hedgeAfterMs;
    // The budget does not count for a tier out of use: reads then go to the durable tier anyway.
    if (isSilent) this.#first.trip('silent');
    return isSilent;
  }
}
