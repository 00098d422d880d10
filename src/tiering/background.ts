import { isHoldfastError } from '../errors.ts';
import { TransientSet } from '../platform/transient.ts';
import { handleOf } from '../session/session-id.ts';
import { backgroundFailure, revocationLost, type BackgroundFailure } from '../telemetry/channels.ts';

/** Work that nobody waits for: kept until it ends, so that `close` can wait for it. */
export class Background {
  readonly #running = new TransientSet<Promise<unknown>>();

  /** Failures are announced, never thrown. Those of `upkeep` of the primary tier's copies are not even that: nothing is wrong then. */
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

/** Of work that no caller waits for: whoever let it be thrown would end the process. */
export function announceFailure(work: BackgroundFailure['work'], error: unknown): void {
  if (!backgroundFailure.hasSubscribers) return;
  backgroundFailure.publish({ work, code: isHoldfastError(error) ? error.code : 'unexpected' });
}

/** Nobody will try the revocation of this session again. */
export function announceLostRevocation(storageKey: Buffer | null): void {
  if (revocationLost.hasSubscribers) revocationLost.publish({ handle: storageKey && handleOf(storageKey) });
}
