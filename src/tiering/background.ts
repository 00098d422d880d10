import { HoldfastError } from '../errors.ts';
import { backgroundFailure, type BackgroundFailure } from '../telemetry/channels.ts';

/** Work that nobody waits for: kept until it ends, so that `close` can wait for it. */
export class Background {
  readonly #running = new Set<Promise<unknown>>();

  /** Failures are announced, never thrown. */
  run(work: BackgroundFailure['work'] | 'fill', promise: Promise<unknown>): void {
    const ended = promise
      .catch((error: unknown) => {
        if (work !== 'fill' && backgroundFailure.hasSubscribers) {
          backgroundFailure.publish({ work, code: error instanceof HoldfastError ? error.code : 'unexpected' });
        }
      })
      .finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
