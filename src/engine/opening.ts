import {
  ConfigurationError,
  EnvelopeError,
  KeyRingError,
  TierUnavailableError,
  type TierRole,
  isTierFailure,
} from '../errors.ts';
import { Memo } from '../codec/memo.ts';
import type { Opened } from '../fleet/target.ts';
import { TieredStore, type TieredStoreOptions } from '../tiering/tiered-store.ts';
import { KeyKeeper, type KeyKeeperOptions, type KeysHealth } from './key-keeper.ts';
import { untilReady } from './readiness.ts';

/** The options of a client that concern its engine, complete and valid. */
export interface EngineOptions
  extends
    Omit<TieredStoreOptions, 'openEnvelope' | 'rememberedEnvelope'>,
    Pick<KeyKeeperOptions, 'keys' | 'maxPayloadBytes'> {
  readonly lifetime: { readonly maxMs: number };
  readonly serializer: { readonly id: number };
  /** 0: nothing is remembered. */
  readonly memoBytes: number;
}

/**
 * Loads the keys, connects the primary tier and checks the durable one; once, however many ask. What failed is tried again
 * by the next caller, and only that.
 */
export class Opening {
  readonly #options: EngineOptions;
  readonly #store: TieredStore;
  readonly #keeper: KeyKeeper;
  readonly #memo: Memo | undefined;
  #primary: Promise<void> | undefined;
  #durable: Promise<void> | undefined;
  #attempt: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  #callsUnderWay = 0;
  #onIdle: () => void = () => {};

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#store = new TieredStore({
      ...options,
      openEnvelope: (storageKey, envelope) => this.#keeper.codec.openRemembered(storageKey, envelope),
      rememberedEnvelope: (storageKey) => this.#memo?.envelopeOf(storageKey),
    });
    const { serializer, platform, memoBytes, ...others } = options;
    this.#memo = memoBytes === 0 ? undefined : new Memo(platform, memoBytes);
    const maxLifetimeMs = options.lifetime.maxMs;
    const codecOptions = { ...others, platform, maxLifetimeMs, memo: this.#memo, serializerId: serializer.id };
    this.#keeper = new KeyKeeper({ ...codecOptions, fleet: this.#store.fleet });
  }

  get store(): TieredStore {
    return this.#store;
  }

  get keysHealth(): KeysHealth {
    return this.#keeper.health;
  }

  /** What is remembered of opened envelopes; undefined if nothing is to be. */
  get memo(): Memo | undefined {
    return this.#memo;
  }

  /** One call of the client: opens first if need be, and is waited for by `close`. */
  async use<R>(call: (opened: Opened) => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) throw new ConfigurationError('This SessionClient is closed.');
    this.#callsUnderWay += 1;
    try {
      const opened = this.#opened ?? (await this.#open());
      const { ring } = opened.codec;
      try {
        return await call(opened);
      } catch (error) {
        if (!(await this.#isMended(error, ring.version))) throw error;
        return await call(opened);
      }
    } finally {
      this.#callsUnderWay -= 1;
      if (this.#callsUnderWay === 0) this.#onIdle();
    }
  }

  /** An envelope named a key that this node did not know yet, and does now: nothing was changed by then. */
  async #isMended(error: unknown, version: number): Promise<boolean> {
    return error instanceof EnvelopeError && error.reason === 'unknown-key' && this.#keeper.findNewer(version);
  }

  /** Opens, and keeps trying for `timeoutMs` where waiting may help. */
  ready(timeoutMs: number): Promise<void> {
    const attempt = (): Promise<void> => this.use(() => Promise.resolve());
    return untilReady(this.#options.platform, timeoutMs, attempt, () => this.#pending());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#callsUnderWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    try {
      await this.#keeper.close();
    } finally {
      // What the application's key source throws must not leave connections open.
      await this.#store.close();
      this.#memo?.clear();
    }
  }

  /** What an attempt that takes too long waits for. */
  #pending(): Error {
    if (this.keysHealth.state === 'down') return new KeyRingError('The key source did not answer in time.', true);
    return new TierUnavailableError('durable', this.#store.durableHealth.reason ?? 'deadline');
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
    const [keys, primary, durable] = await Promise.allSettled([this.#keeper.load(), this.#primary, this.#durable]);
    if (primary.status === 'rejected') this.#primary = undefined;
    if (durable.status === 'rejected') this.#durable = undefined;
    const failures = [
      ...(keys.status === 'rejected' ? [toError(keys.reason)] : []),
      ...(primary.status === 'rejected' ? [toPublicError('primary', this.#options.primary.name, primary.reason)] : []),
      ...(durable.status === 'rejected' ? [toPublicError('durable', this.#options.durable.name, durable.reason)] : []),
    ];
    const first = failures.find((failure) => !(failure instanceof TierUnavailableError)) ?? failures[0];
    if (first !== undefined) throw first;
    await this.#keeper.start();
    await this.#store.startFeed();
    this.#opened = {
      platform: this.#options.platform,
      codec: this.#keeper.codec,
      store: this.#store,
      seal: (storageKey, record, lastSeenAt) => this.#keeper.seal(storageKey, record, lastSeenAt),
      refreshKeys: () => this.#keeper.refresh(),
    };
    return this.#opened;
  }
}

const PAGES: Readonly<Record<TierRole, string>> = {
  primary: 'docs/operating/redis.md',
  durable: 'docs/operating/database.md',
};

function toPublicError(role: TierRole, name: string, error: unknown): Error {
  if (!isTierFailure(error)) return toError(error);
  if (error.kind !== 'misconfigured') return new TierUnavailableError(role, error.reason);
  const advice = error.advice === undefined ? '' : `: ${error.advice}`;
  return new ConfigurationError(
    `The ${role} tier (${name}) is misconfigured${advice} (${error.reason}). See ${PAGES[role]}.`,
  );
}

/** Whatever the application's key source threw is the application's to see. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new KeyRingError('The key source failed.');
}
