import { Codec } from '../codec/codec.ts';
import { ConfigurationError, KeyRingError, TierFailure, TierUnavailableError, type TierRole } from '../errors.ts';
import { KeyRing } from '../keys/key-ring.ts';
import { KEYS_LOAD_TIMEOUT_MS } from '../limits.ts';
import { withDeadline } from '../tiering/deadline.ts';
import { TieredStore } from '../tiering/tiered-store.ts';
import type { ResolvedOptions } from './options.ts';

/** What a client works with once it is open. */
export interface Opened {
  readonly codec: Codec;
  readonly store: TieredStore;
}

/**
 * Loads the keys, connects the primary tier and checks the durable one; once, however many ask. What failed is tried again
 * by the next caller, and only that.
 */
export class Opening<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #store: TieredStore;
  #codec: Codec | undefined;
  #primary: Promise<void> | undefined;
  #durable: Promise<void> | undefined;
  #attempt: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  readonly #calls = new Set<Promise<unknown>>();

  constructor(options: ResolvedOptions<T>) {
    this.#options = options;
    this.#store = new TieredStore({
      ...options,
      openEnvelope: (storageKey, envelope) => this.#requireCodec().open(storageKey, envelope),
    });
  }

  get store(): TieredStore {
    return this.#store;
  }

  get hasKeys(): boolean {
    return this.#codec !== undefined;
  }

  /** One call of the client: opens first if need be, and is waited for by `close`. */
  async use<R>(call: (opened: Opened) => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) throw new ConfigurationError('This SessionClient is closed.');
    const running = this.#opened === undefined ? this.#open().then(call) : call(this.#opened);
    this.#calls.add(running);
    try {
      return await running;
    } finally {
      this.#calls.delete(running);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    await this.#store.close();
  }

  #open(): Promise<Opened> {
    this.#attempt ??= this.#openAll().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #openAll(): Promise<Opened> {
    this.#primary ??= this.#store.openPrimary();
    this.#durable ??= this.#store.openDurable();
    // All three, even if one fails: the message about what a person has to mend comes before "try again later".
    const [keys, primary, durable] = await Promise.allSettled([this.#loadKeys(), this.#primary, this.#durable]);
    if (primary.status === 'rejected') this.#primary = undefined;
    if (durable.status === 'rejected') this.#durable = undefined;
    const failures = [
      ...(keys.status === 'rejected' ? [toError(keys.reason)] : []),
      ...(primary.status === 'rejected' ? [toPublicError('primary', primary.reason)] : []),
      ...(durable.status === 'rejected' ? [toPublicError('durable', durable.reason)] : []),
    ];
    const first = failures.find((failure) => !(failure instanceof TierUnavailableError)) ?? failures[0];
    if (first !== undefined) throw first;
    await this.#store.startFeed();
    this.#opened = { codec: this.#requireCodec(), store: this.#store };
    return this.#opened;
  }

  async #loadKeys(): Promise<void> {
    if (this.#codec !== undefined) return;
    const { keys, namespace, platform, maxPayloadBytes, serializer } = this.#options;
    const late = (): Error => new KeyRingError('The key source did not answer in time.');
    const ring = keys instanceof KeyRing ? keys : await withDeadline(platform, KEYS_LOAD_TIMEOUT_MS, keys.load(), late);
    this.#codec = new Codec({ ring, namespace, platform, maxPayloadBytes, serializerId: serializer.id });
  }

  #requireCodec(): Codec {
    if (this.#codec === undefined) throw new ConfigurationError('The key ring is not loaded.');
    return this.#codec;
  }
}

function toPublicError(role: TierRole, error: unknown): Error {
  if (!(error instanceof TierFailure)) return toError(error);
  if (error.kind !== 'misconfigured') return new TierUnavailableError(role, error.reason);
  return new ConfigurationError(`The ${role} tier is misconfigured (${error.reason}). See docs/operating.`);
}

/** Whatever the application's key source threw is the application's to see. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new KeyRingError('The key source failed.');
}
