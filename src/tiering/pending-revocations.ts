import { PENDING_REVOCATIONS_MAX, PENDING_REVOCATION_RETRY_MS } from '../limits.ts';
import type { CancelTimer } from '../platform/platform.ts';
import type { TieringContext } from './context.ts';
import { newRevocation } from './destroy-path.ts';

/**
 * Sessions destroyed in the primary tier while the durable tier was away: their rows are revoked as soon as it answers.
 * Kept in memory: the callers were told that the revocation is not durable yet.
 */
export class PendingRevocations {
  readonly #context: TieringContext;
  readonly #storageKeys = new Map<string, Buffer>();
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  constructor(context: TieringContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#storageKeys.size;
  }

  add(storageKey: Buffer): void {
    if (this.#storageKeys.size >= PENDING_REVOCATIONS_MAX) return;
    this.#storageKeys.set(storageKey.toString('latin1'), storageKey);
    this.#schedule();
  }

  /** One last try for all, then no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#retryAll();
  }

  #schedule(): void {
    if (this.#isClosed || this.#cancelTimer !== undefined || this.#storageKeys.size === 0) return;
    const { platform, background } = this.#context;
    const retry = (): void => {
      this.#cancelTimer = undefined;
      background.run('revocation', this.#retryAll().finally(() => this.#schedule()));
    };
    this.#cancelTimer = platform.after(PENDING_REVOCATION_RETRY_MS, retry, 'background');
  }

  /** In order, ending at the first failure: the durable tier is away and the rest can wait. */
  async #retryAll(): Promise<void> {
    for (const [key, storageKey] of this.#storageKeys) {
      // Dirty: the tombstone may have gone with its server meanwhile.
      await this.#context.durable.revoke(newRevocation(this.#context, storageKey, true));
      this.#storageKeys.delete(key);
    }
  }
}
