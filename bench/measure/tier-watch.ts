import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { TierChange } from '../../src/telemetry/channels.ts';

export interface SeenChange extends TierChange {
  /** The time by `performance.now()`. */
  readonly at: number;
}

const CHANNEL = 'holdfast:tier-change';

/** Notes when clients of this process give a tier up or use it again, and why. */
export class TierWatch implements Disposable {
  readonly changes: SeenChange[] = [];
  readonly #note = (message: unknown): void => {
    this.changes.push({ ...(message as TierChange), at: performance.now() });
  };

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /**
   * Returns how often the primary tier was given up in this time, by reason; one that flaps is announced less often.
   */
  lossesBetween(from: number, to: number): Record<string, number> {
    const losses: Record<string, number> = {};
    let wasUp = true;
    for (const { tier, state, reason, at } of this.changes) {
      if (tier !== 'primary') continue;
      if (wasUp && state !== 'up' && at >= from && at < to) losses[reason] = (losses[reason] ?? 0) + 1;
      wasUp = state === 'up';
    }
    return losses;
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#note);
  }
}
