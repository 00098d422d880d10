import { SLOW_LOOK_MS } from '../../limits/primary-tier.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';
import type { RoundTrip } from './round-trip.ts';

export interface SlowWatchOptions {
  readonly platform: Platform;
  readonly roundTrip: RoundTrip;
  /** Sends a command to measure; null if that is not to be now. */
  readonly probe: () => Promise<void> | null;
  readonly onFailure: (error: unknown) => void;
}

/** Measures a slow shard from time to time, since perhaps no other command shows that it is fast again. */
export class SlowWatch {
  readonly #options: SlowWatchOptions;
  #cancelTimer: CancelTimer = () => {};
  #isStopped = false;

  constructor(options: SlowWatchOptions) {
    this.#options = options;
  }

  /** Begins to measure if the shard has become slow, and ends if it is fast again. */
  follow(): void {
    this.#cancelTimer();
    if (this.#isStopped || !this.#options.roundTrip.isSlow) return;
    this.#cancelTimer = this.#options.platform.after(SLOW_LOOK_MS, () => void this.#look(), 'background');
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  async #look(): Promise<void> {
    const { roundTrip, probe, onFailure } = this.#options;
    try {
      const answer = probe();
      if (answer !== null) roundTrip.add(await roundTrip.time(answer));
    } catch (error) {
      onFailure(error);
    }
    this.follow();
  }
}
