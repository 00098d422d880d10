import { TierFailure } from '../../../errors.ts';
import { PRIMARY_SILENCE_MS } from '../../../limits/primary-tier.ts';
import { CoarseTimeouts } from '../../../platform/coarse-timeouts.ts';
import type { TierContext } from '../../context.ts';
import { toTierFailure } from './failure.ts';

/** A call, or a batch of calls, that waits for a command. */
export interface Rejectable {
  reject(failure: TierFailure): void;
}

/**
 * The commands in flight over one connection. One timer gives up those that are late (ioredis would arm one for each), and then
 * notices a connection over which nothing arrives any more, which would take TCP some 15 minutes.
 */
export class InFlight {
  readonly #commands: CoarseTimeouts<Rejectable>;
  /** Each with the number of answers that had arrived when it began. */
  readonly #silences: CoarseTimeouts<{ readonly answers: number }>;
  #answers = 0;

  constructor({ platform, timeoutMs }: TierContext, onSilence: () => void) {
    this.#commands = new CoarseTimeouts(platform, timeoutMs, (command) => {
      command.reject(new TierFailure('ambiguous', 'deadline'));
      this.expectAnswer();
    });
    this.#silences = new CoarseTimeouts(platform, PRIMARY_SILENCE_MS, ({ answers }) => {
      if (answers !== this.#answers) return;
      this.noteAnswer();
      onSilence();
    });
  }

  /** Counts the connection as dead unless something arrives within `PRIMARY_SILENCE_MS`. */
  expectAnswer(): void {
    this.#silences.begin({ answers: this.#answers });
  }

  /** Notes that something has arrived, or that nothing is expected any more. */
  noteAnswer(): void {
    this.#answers += 1;
    // Their timer would keep the process alive after the client is closed.
    this.#silences.endAll();
  }

  /** Starts the time of this one. */
  begin(waiting: Rejectable): void {
    this.#commands.begin(waiting);
  }

  /** The milliseconds for which this one has waited; undefined if it does not wait any more. */
  waited(waiting: Rejectable): number | undefined {
    return this.#commands.waited(waiting);
  }

  /** Settles what waits for a command as that is answered, or fails. */
  async follow<T>(waiting: Rejectable, send: () => Promise<T>, settle: (answer: T) => void): Promise<void> {
    try {
      const answer = await send();
      this.#answers += 1;
      settle(answer);
    } catch (error) {
      waiting.reject(toTierFailure(error));
    } finally {
      this.#commands.end(waiting);
    }
  }

  /** Settles as the answer to `send` does, and within the time-out. Rejects with a `TierFailure`. */
  bounded<T>(send: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = { reject };
      this.begin(waiting);
      void this.follow(waiting, send, resolve);
    });
  }
}
