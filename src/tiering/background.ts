import { isHoldfastError } from '../errors.ts';
import { TransientSet } from '../platform/transient.ts';
import { handleOf } from '../session/session-id.ts';
import { backgroundFailure, revocationLost, type BackgroundFailure } from '../telemetry/channels.ts';

/** Keeps the work that no caller waits for until it ends, so that `close` can wait for it. */
export class Background {
  readonly #running = new TransientSet<Promise<unknown>>();

  /**
   * Publishes a failure, and never throws it. A failure of `upkeep`, of the primary tier's copies, is not even published:
   * nothing is wrong then.
   */
  run(work: BackgroundFailure['work'] | 'upkeep', promise: Promise<unknown>): void {
    const ended = promise
      .catch((error: unknown) => {
        if (work !== 'upkeep') announceFailure(work, error);
      })
      .finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }

  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** Publishes a failure of work that no caller waits for: thrown, it would end the process. */
export function announceFailure(work: BackgroundFailure['work'], error: unknown): void {
  if (!backgroundFailure.hasSubscribers) return;
  backgroundFailure.publish({ work, code: isHoldfastError(error) ? error.code : 'unexpected' });
}

/** Publishes that the revocation of this session will not be tried again. */
export function announceLostRevocation(storageKey: Buffer | null): void {
  if (revocationLost.hasSubscribers) revocationLost.publish({ handle: storageKey && handleOf(storageKey) });
}
