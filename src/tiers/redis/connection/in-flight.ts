import { TierFailure } from '../../../errors.ts';
import { PRIMARY_SILENCE_MS } from '../../../limits/primary-tier.ts';
import { CoarseTimeouts } from '../../../platform/coarse-timeouts.ts';
import type { TierContext } from '../../context.ts';
import { toTierFailure } from './failure.ts';

interface Rejectable {
  reject(failure: TierFailure): void;
}

/**
 * The commands in flight over one connection: one timer gives up what is late (ioredis would arm one for each). A connection
 * over which nothing more comes is told to be dead, which TCP would take some 15 minutes to notice.
 */
export class InFlight {
  readonly #commands: CoarseTimeouts<Rejectable>;
  /** What had been heard when somebody began to wonder. */
  readonly #wondering: CoarseTimeouts<{ readonly heard: number }>;
  #heard = 0;

  constructor({ platform, timeoutMs }: TierContext, onSilence: () => void) {
    this.#commands = new CoarseTimeouts(platform, timeoutMs, (command) => {
      command.reject(new TierFailure('ambiguous', 'deadline'));
      this.wonder();
    });
    this.#wondering = new CoarseTimeouts(platform, PRIMARY_SILENCE_MS, ({ heard }) => {
      if (heard !== this.#heard) return;
      this.hear();
      onSilence();
    });
  }

  /** Unless something is heard within `PRIMARY_SILENCE_MS`, the connection is dead. */
  wonder(): void {
    this.#wondering.begin({ heard: this.#heard });
  }

  /** Something came, or there is nothing to be heard from any more. */
  hear(): void {
    this.#heard += 1;
    // Or their timer would keep a process alive that has closed its client.
    this.#wondering.endAll();
  }

  /** From now on its time runs. */
  begin(waiting: Rejectable): void {
    this.#commands.begin(waiting);
  }

  /** For how long this one has waited; undefined if it does not wait any more. */
  waited(waiting: Rejectable): number | undefined {
    return this.#commands.waited(waiting);
  }

  /** Settles what waits for a command as that is answered, or fails. */
  async follow<T>(waiting: Rejectable, send: () => Promise<T>, settle: (answer: T) => void): Promise<void> {
    try {
      const answer = await send();
      this.#heard += 1;
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
