import { HoldfastError } from '../errors.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { TransientSet } from '../platform/transient.ts';
import { backgroundFailure, type BackgroundFailure } from '../telemetry/channels.ts';

/** Work that nobody waits for: kept until it ends, so that `close` can wait for it. */
export class Background {
  readonly #running = new TransientSet<Promise<unknown>>();
  readonly #timers = new Set<CancelTimer>();

  /** Failures are announced, never thrown. Those of `upkeep` of the primary tier's copies are not even that: nothing is wrong then. */
  run(work: BackgroundFailure['work'] | 'upkeep', promise: Promise<unknown>): void {
    const ended = promise
      .catch((error: unknown) => {
        if (work !== 'upkeep') announceFailure(work, error);
      })
      .finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }

  /** Work for later; forgotten if `drained` comes first. */
  later(platform: Platform, delayMs: number, work: BackgroundFailure['work'], start: () => Promise<unknown>): void {
    const due = (): void => {
      this.#timers.delete(cancel);
      this.run(work, start());
    };
    const cancel = platform.after(delayMs, due, 'background');
    this.#timers.add(cancel);
  }

  async drained(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** Of work that no caller waits for: whoever let it be thrown would end the process. */
export function announceFailure(work: BackgroundFailure['work'], error: unknown): void {
  if (!backgroundFailure.hasSubscribers) return;
  backgroundFailure.publish({ work, code: error instanceof HoldfastError ? error.code : 'unexpected' });
}
