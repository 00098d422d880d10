import { Codec } from '../codec/codec.ts';
import { ConfigurationError, TierFailure, TierUnavailableError, type TierRole } from '../errors.ts';
import { KeyRing } from '../keys/key-ring.ts';
import { TieredStore } from '../tiering/tiered-store.ts';
import type { ResolvedOptions } from './options.ts';

/** What a client works with once it is open. */
export interface Opened {
  readonly codec: Codec;
  readonly store: TieredStore;
}

/**
 * Loads the keys, connects the primary tier and checks the durable one; once, however many ask. An attempt that failed
 * because something is away is made again by the next caller.
 */
export class Opening<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #store: TieredStore;
  #codec: Codec | undefined;
  #primary: Promise<void> | undefined;
  #attempt: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #isClosed = false;

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

  /** Not a promise once it is open: a session read pays for no more than a look. */
  get(): Opened | Promise<Opened> {
    if (this.#isClosed) throw new ConfigurationError('This SessionClient is closed.');
    if (this.#opened !== undefined) return this.#opened;
    this.#attempt ??= this.#open().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#attempt?.catch(() => undefined);
    await this.#store.close();
  }

  async #open(): Promise<Opened> {
    this.#primary ??= this.#store.openPrimary();
    // All three, even if one fails: the message about what a person has to mend comes before "try again later".
    const results = await Promise.allSettled([
      this.#loadKeys(),
      this.#primary.catch((error: unknown) => rethrow('primary', error)),
      this.#store.openDurable().catch((error: unknown) => rethrow('durable', error)),
    ]);
    const reasons = results.filter((result) => result.status === 'rejected').map((result): unknown => result.reason);
    const first = reasons.find((reason) => !(reason instanceof TierUnavailableError)) ?? reasons[0];
    if (first !== undefined) throw first;
    await this.#store.startFeed();
    this.#opened = { codec: this.#requireCodec(), store: this.#store };
    return this.#opened;
  }

  async #loadKeys(): Promise<void> {
    if (this.#codec !== undefined) return;
    const { keys, namespace, platform, maxPayloadBytes, serializer } = this.#options;
    const ring = keys instanceof KeyRing ? keys : await keys.load();
    this.#codec = new Codec({ ring, namespace, platform, maxPayloadBytes, serializerId: serializer.id });
  }

  #requireCodec(): Codec {
    if (this.#codec === undefined) throw new ConfigurationError('The key ring is not loaded.');
    return this.#codec;
  }
}

function rethrow(role: TierRole, error: unknown): never {
  if (!(error instanceof TierFailure)) throw error;
  if (error.kind !== 'misconfigured') throw new TierUnavailableError(role, error.reason);
  throw new ConfigurationError(`The ${role} tier is misconfigured (${error.reason}). See docs/operating.`);
}
