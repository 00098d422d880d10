import { OutcomeUnknownError, TierUnavailableError } from '../errors.ts';
import { PENDING_REVOCATION_RETRY_MS, PENDING_REVOCATIONS_MAX, PREVIOUS_KEY_LOOKUP_MS } from '../limits.ts';
import type { CancelTimer } from '../platform/platform.ts';
import type { RevocationBacklog, TieringContext } from './context.ts';
import { entomb, newRevocation, settleRevocation } from './destroy-path.ts';

interface PendingRevocation {
  readonly storageKey: Buffer;
  readonly askedAt: number;
}

/**
 * Sessions destroyed in the primary tier while the durable tier was away: their rows are revoked as soon as it answers.
 * Kept in memory: the callers were told that the revocation is not durable yet.
 */
export class PendingRevocations implements RevocationBacklog {
  readonly #context: TieringContext;
  readonly #pending = new Map<string, PendingRevocation>();
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  constructor(context: TieringContext) {
    this.#context = context;
  }

  /** False if there is no room, or no time left: then nobody will try again. */
  add(storageKey: Buffer): boolean {
    if (this.#isClosed || this.#pending.size >= PENDING_REVOCATIONS_MAX) return false;
    this.#pending.set(storageKey.toString('latin1'), { storageKey, askedAt: this.#context.platform.now() });
    this.#schedule();
    return true;
  }

  /** One last try, as far as the durable tier answers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#retryAll();
  }

  #schedule(): void {
    if (this.#isClosed || this.#cancelTimer !== undefined || this.#pending.size === 0) return;
    const { platform, background } = this.#context;
    const retry = (): void => {
      this.#cancelTimer = undefined;
      background.run(
        'revocation',
        this.#retryAll().finally(() => this.#schedule()),
      );
    };
    this.#cancelTimer = platform.after(PENDING_REVOCATION_RETRY_MS, retry, 'background');
  }

  /** One that fails does not hold up the others; a durable tier that is away ends the round. */
  async #retryAll(): Promise<void> {
    let failure: Error | undefined;
    for (const [key, pending] of this.#pending) {
      try {
        await this.#retry(pending.storageKey, pending.askedAt);
        this.#pending.delete(key);
      } catch (error) {
        if (!(error instanceof TierUnavailableError) && !(error instanceof OutcomeUnknownError)) throw error;
        failure = error;
        if (this.#context.durable.condition === 'down') break;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** As `destroy` does: the row may have moved meanwhile, and a copy may have come back after the tombstone was lost. */
  async #retry(storageKey: Buffer, askedAt: number): Promise<void> {
    const { durable } = this.#context;
    // Dirty: this node's tombstone alone may not be enough.
    const revoked = await settleRevocation(this.#context, newRevocation(this.#context, storageKey, true));
    if (revoked !== null) {
      await entomb(this.#context, revoked);
      return;
    }
    const movedTo = await durable.findRegenerated(storageKey, askedAt - PREVIOUS_KEY_LOOKUP_MS);
    if (movedTo !== null) await this.#retry(movedTo, askedAt);
  }
}
