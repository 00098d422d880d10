import { LATECOMER_TIMEOUTS } from '../../limits/durable-tier.ts';
import { INSERTS_IN_DOUBT_MAX } from '../../limits/recovery.ts';
import type { BacklogContext } from './rounds.ts';

/** An INSERT whose answer was lost, without its record, which may be large. */
export interface LostInsert {
  readonly storageKey: Buffer;
  readonly writeId: Buffer;
  /** The last `ENVELOPE_TAG_BYTES` of its envelope, which shows whether another write came after it. */
  readonly tag: Buffer;
  /** The `InsertCommand.validUntil` of the INSERT. */
  readonly validUntil: number | null;
}

interface InDoubt {
  readonly lost: LostInsert;
  /** The end of the doubt, on the monotonic clock. */
  readonly until: number;
}

/**
 * The INSERTs of sessions that the application named, whose answer was lost: each may still come. A destroy that finds no row
 * looks here, or the session would appear after its end was acknowledged.
 */
export class InsertsInDoubt {
  readonly #context: Pick<BacklogContext, 'durableTimeoutMs' | 'platform'>;
  /** The INSERTs by storage key, the oldest first. */
  readonly #inDoubt = new Map<string, InDoubt>();

  constructor(context: Pick<BacklogContext, 'durableTimeoutMs' | 'platform'>) {
    this.#context = context;
  }

  add(lost: LostInsert): void {
    const { platform, durableTimeoutMs } = this.#context;
    const now = platform.monotonic();
    for (const [key, { until }] of this.#inDoubt) {
      if (until > now && this.#inDoubt.size < INSERTS_IN_DOUBT_MAX) break;
      this.#inDoubt.delete(key);
    }
    const until = now + LATECOMER_TIMEOUTS * durableTimeoutMs;
    this.#inDoubt.set(lost.storageKey.toString('latin1'), { lost, until });
  }

  /** True if an INSERT may still come under this key. */
  has(storageKey: Buffer): boolean {
    const found = this.#inDoubt.get(storageKey.toString('latin1'));
    return found !== undefined && found.until > this.#context.platform.monotonic();
  }

  /** Removes the INSERT under this key. Returns it if it may still come; null if not, or if there is none. */
  take(storageKey: Buffer): LostInsert | null {
    if (this.#inDoubt.size === 0) return null;
    const key = storageKey.toString('latin1');
    const found = this.#inDoubt.get(key);
    this.#inDoubt.delete(key);
    return found !== undefined && found.until > this.#context.platform.monotonic() ? found.lost : null;
  }
}
