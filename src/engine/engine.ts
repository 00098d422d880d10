import { Codec } from '../codec/codec.ts';
import { Memo } from '../codec/memo.ts';
import { ConfigurationError, EnvelopeError, KeyRingError, TierUnavailableError } from '../errors.ts';
import type { KeySource } from '../keys/key-source.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { Platform } from '../platform/platform.ts';
import type { TierHealth } from '../telemetry/health.ts';
import type { TieringOptions } from '../tiering/context.ts';
import { OwnReport } from '../tiering/masters/own-report.ts';
import { TieredStore } from '../tiering/tiered-store.ts';
import { DurableGuard } from '../tiering/guard/durable-guard.ts';
import type { DurableTier } from '../tiers/durable.ts';
import { Sweeper, type SweepPlan } from '../upkeep/sweeper.ts';
import { AuditTrail } from './audit-trail.ts';
import { KeyKeeper, type KeysHealth } from './key-keeper.ts';
import { Opening } from './opening.ts';
import { untilReady } from './readiness.ts';
import { Sealer } from './sealer.ts';

/** The options of an engine, complete and valid. */
export interface EngineOptions extends Omit<TieringOptions, 'beat' | 'durable' | 'envelopes' | 'refused' | 'report'> {
  readonly keys: KeyRing | KeySource;
  readonly durable: DurableTier;
  readonly namespace: string;
  readonly maxPayloadBytes: number;
  /** The longest absolute lifetime that a session may be given. */
  readonly maxLifetimeMs: number;
  /** The `id` of the serializer that makes the data of sessions. */
  readonly serializerId: number;
  /** The bytes that remembered envelopes may take; 0: none is remembered. */
  readonly memoBytes: number;
  /** Null: this node never sweeps by itself. */
  readonly sweep: SweepPlan | null;
}

/** The parts that a call works with, once the engine is open. */
export interface EngineParts {
  readonly platform: Platform;
  readonly durable: DurableGuard;
  readonly keeper: KeyKeeper;
  readonly codec: Codec;
  readonly audit: AuditTrail;
  readonly sealer: Sealer;
  readonly store: TieredStore;
  readonly durableOutageReadsMs: number;
}

/** The states of the tiers and the keys, as this process knows them. */
export interface Health {
  readonly primary: TierHealth;
  readonly durable: TierHealth;
  /** `down`: no ring is loaded. `degraded`: the last good ring is in use, but it is not, or may not be, the fleet's newest. */
  readonly keys: KeysHealth;
}

/**
 * Runs a client: builds the parts in the order in which they need one another, opens them at the first call, and starts and
 * stops what runs in the background (feed, sweeper, reloads of the keys, heartbeats).
 */
export class Engine {
  readonly platform: Platform;
  /** The options, for `holdfast doctor`, which looks at the tiers without the engine. */
  readonly options: EngineOptions;
  /** Remembers opened envelopes; undefined if none is to be. */
  readonly memo: Memo | undefined;
  readonly audit: AuditTrail;
  readonly #parts: EngineParts;
  readonly #sweeper: Sweeper | null;
  readonly #opening: Opening;
  #closing: Promise<void> | undefined;
  #callsUnderWay = 0;
  #onIdle: () => void = () => {};

  constructor(options: EngineOptions) {
    const { platform, namespace, durableTimeoutMs: timeoutMs, durableOutageReadsMs, sweep } = options;
    this.platform = platform;
    this.options = options;
    this.memo = options.memoBytes === 0 ? undefined : new Memo(platform, options.memoBytes);
    const durable = new DurableGuard({ tier: options.durable, platform, timeoutMs });
    const report = new OwnReport(platform);
    const keeper = new KeyKeeper({ platform, keys: options.keys, fleet: durable.fleet, report });
    const codec = new Codec({ ...options, ringInUse: keeper.ringInUse, memo: this.memo });
    const audit = new AuditTrail({ platform, namespace, codec });
    this.audit = audit;
    const store = new TieredStore({
      ...options,
      durable,
      envelopes: codec,
      refused: (tier, reason, storageKey) => audit.refusedEnvelope(tier, reason, storageKey),
      report,
      beat: () => keeper.beat(),
    });
    const sealer = new Sealer(keeper, codec);
    this.#parts = { platform, durable, keeper, codec, audit, sealer, store, durableOutageReadsMs };
    this.#sweeper = sweep && new Sweeper(this.#parts, sweep);
    const names = { primary: options.primary.name, durable: options.durable.name };
    const durableContext = { namespace, platform, timeoutMs, sweeps: sweep !== null };
    this.#opening = new Opening({ keeper, durable, store, sweeper: this.#sweeper, durableContext, names });
  }

  /** Runs one call of the client: opens first if need be. `close` waits for it. */
  async use<R>(call: (parts: EngineParts) => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) throw new ConfigurationError('This SessionClient is closed.');
    this.#callsUnderWay += 1;
    try {
      if (!this.#opening.isOpen) await this.#opening.open();
      const { version } = this.#parts.codec.ring;
      try {
        return await call(this.#parts);
      } catch (error) {
        if (!(await this.#isMended(error, version))) throw error;
        return await call(this.#parts);
      }
    } finally {
      this.#callsUnderWay -= 1;
      if (this.#callsUnderWay === 0) this.#onIdle();
    }
  }

  /** Opens, and keeps trying for `timeoutMs` where waiting may help. */
  ready(timeoutMs: number): Promise<void> {
    const attempt = (): Promise<void> => this.use(() => Promise.resolve());
    return untilReady(this.platform, timeoutMs, attempt, () => this.#pending());
  }

  /** Does no I/O. */
  get health(): Health {
    const { store, keeper } = this.#parts;
    return { primary: store.primaryHealth, durable: store.durableHealth, keys: keeper.health };
  }

  /** Stops everything, after the calls under way have ended. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * True if an envelope named a key that this node did not know and knows now. Nothing was changed by then, so the call may
   * run again.
   */
  async #isMended(error: unknown, version: number): Promise<boolean> {
    if (!(error instanceof EnvelopeError) || error.reason !== 'unknown-key') return false;
    return this.#parts.keeper.findNewer(version);
  }

  async #close(): Promise<void> {
    if (this.#callsUnderWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#parts.store.retire();
    this.audit.close();
    try {
      await this.#parts.keeper.close();
    } finally {
      // What the application's key source throws must not leave connections open.
      await this.#closeTiers();
    }
  }

  async #closeTiers(): Promise<void> {
    const { store, durable } = this.#parts;
    try {
      await this.#sweeper?.stop();
      await store.drain();
    } finally {
      this.memo?.clear();
      await Promise.all([store.closePrimary(), durable.close()]);
    }
  }

  /** Returns the error for an attempt that takes too long: it names what the attempt waits for. */
  #pending(): Error {
    const { keys, durable } = this.health;
    if (keys.state === 'down') return new KeyRingError('The key source did not answer in time.', true);
    return new TierUnavailableError('durable', durable.reason ?? 'deadline');
  }
}
