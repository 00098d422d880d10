import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { TierChange } from '../../src/telemetry/channels.ts';

export interface SeenChange extends TierChange {
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

const CHANNEL = 'holdfast:tier-change';

/** Notes when clients of this process give a tier up or take it into use again, and why. */
export class TierWatch implements Disposable {
  readonly changes: SeenChange[] = [];
  readonly #note = (message: unknown): void => {
    this.changes.push({ ...(message as TierChange), at: performance.now() });
  };

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /** How often the primary tier was given up in this time, by reason. */
  lossesBetween(from: number, to: number): Record<string, number> {
    const losses: Record<string, number> = {};
    for (const { tier, state, reason, at } of this.changes) {
      if (tier !== 'primary' || state !== 'down' || at < from || at >= to) continue;
      losses[reason] = (losses[reason] ?? 0) + 1;
    }
    return losses;
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#note);
  }
}
