import { Codec, type CodecOptions } from '../codec/codec.ts';
import { ConfigurationError, isHoldfastError, KeyRingError, TierUnavailableError } from '../errors.ts';
import { KeyRing } from '../keys/ring/key-ring.ts';
import type { KeySource } from '../keys/key-source.ts';
import { KEYS_LOAD_TIMEOUT_MS } from '../limits/client.ts';
import { KEYS_RELOAD_MS_MIN, NODE_HEARTBEAT_MS, NODE_HEARTBEAT_RETRY_MS } from '../limits/fleet.ts';
import { requireEnding } from '../option-checks.ts';
import type { CancelTimer } from '../platform/platform.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { keysChange, type KeysChange } from '../telemetry/channels.ts';
import { Standing, UP, type TierHealth, type Verdict } from '../telemetry/standing.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Fleet } from '../tiers/durable.ts';
import type { RingMark } from '../tiers/durable.ts';
import { FleetMembership } from '../fleet/fleet-membership.ts';
import { markOf, refusalOf, standingOf } from '../fleet/ring-standing.ts';
import { sealRecord } from './sealer.ts';

/** The state of the keys, and which of them this process uses. */
export interface KeysHealth extends TierHealth {
  /** How the fleet names this process in its messages: eight hexadecimal digits, others after each restart. */
  readonly node: string;
  /** The version of the key ring in use. Absent before the first one is loaded. */
  readonly ring?: number;
  /** When the key that seals now became active: an alarm for a key that grows too old hangs on it. */
  readonly sealingKeySince?: Date;
}

export interface KeyKeeperOptions extends Omit<CodecOptions, 'ring'> {
  readonly keys: KeyRing | KeySource;
  readonly fleet: Fleet;
}

/**
 * The key ring of one client: loads it, loads it again when there may be a newer one, and tells the fleet which one it
 * uses. A ring that cannot be loaded, or is not to be trusted, leaves the last good one in use. Never makes a key.
 */
export class KeyKeeper {
  readonly #options: KeyKeeperOptions;
  readonly #source: KeySource;
  readonly #membership: FleetMembership;
  #codec: Codec | undefined;
  readonly #standing: Standing;
  /** Why the first ring could not be loaded, or the last one that the source had is not in use. */
  #trouble: string | undefined;
  /** Resolves with what spoke against the ring; never rejects. */
  #reloading: Promise<Error | undefined> | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;
  /** The highest version that the fleet was known to use when the source was last asked. */
  #soughtVersion = 0;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #hasStarted = false;
  #unwatch: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: KeyKeeperOptions) {
    const { keys, platform, fleet } = options;
    this.#options = options;
    this.#standing = new Standing(platform, { state: 'down', reason: 'not-loaded' });
    this.#source = keys instanceof KeyRing ? { load: () => Promise.resolve(keys) } : keys;
    this.#membership = new FleetMembership({
      platform,
      fleet,
      ringInUse: () => this.codec.ring,
      onOtherRing: () => void this.#reloadIfDue(),
    });
  }

  /** Holds the ring in use; throws `ConfigurationError` before the first one is loaded. */
  get codec(): Codec {
    if (this.#codec === undefined) throw new ConfigurationError('The key ring is not loaded.');
    return this.#codec;
  }

  get health(): KeysHealth {
    const { version, sealingKey } = this.#codec?.ring ?? {};
    return {
      ...this.#standing.note(this.#verdict()),
      node: this.#membership.nodeName,
      ...(version !== undefined && { ring: version }),
      ...(sealingKey?.activatedAt !== undefined && { sealingKeySince: new Date(sealingKey.activatedAt) }),
    };
  }

  /** The first ring. Whatever the application's source throws is the application's to see. */
  async load(): Promise<void> {
    if (this.#codec !== undefined) return;
    this.#loadedAt = this.#options.platform.monotonic();
    try {
      this.#codec = new Codec({ ...this.#options, ring: await this.#loadRing() });
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = troubleOf(error);
      throw error;
    } finally {
      this.#standing.note(this.#verdict());
    }
  }

  /** Once the durable tier is there: shows the fleet the first ring, and begins to follow the source and to beat. */
  async start(): Promise<void> {
    if (this.#hasStarted) return;
    let refusal = await this.#present();
    // Somebody may have rotated between the loading and the asking.
    if (refusal !== undefined) refusal = await this.load().then(() => this.#present());
    if (refusal !== undefined) throw refusal;
    // The durable tier may have been away for hours since: keys may have been promoted and revoked meanwhile.
    if (this.#options.platform.monotonic() - this.#loadedAt >= KEYS_RELOAD_MS_MIN) await this.#reload();
    const ring = markOf(this.codec.ring);
    await this.#membership.tell();
    await this.#membership.forgetTheDead().catch(() => undefined);
    this.#unwatch = this.#watch();
    announce('loaded', ring.version, 'start');
    this.#hasStarted = true;
    this.#scheduleBeat(NODE_HEARTBEAT_MS);
  }

  /** Seals with the active key. A node that others may have given up tells the fleet first, and has its newest ring. */
  async seal(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): Promise<SealedRecord> {
    if (this.#membership.isFenced) await this.#passFence();
    return sealRecord(this.codec, storageKey, record, lastSeenAt);
  }

  /** After an envelope named an unknown key: true if a ring newer than `version` is in use now. Not every call asks the source. */
  async findNewer(version: number): Promise<boolean> {
    if (this.codec.ring.version === version) await this.#reloadIfDue();
    return this.codec.ring.version > version;
  }

  /**
   * Asks the source at once, however recently it was asked, and uses what it gives. Rejects if the source fails or if its ring
   * is refused: the caller needs the newest ring, and the one in use may be older.
   */
  async refresh(): Promise<void> {
    // What is being loaded just now may be from before the caller changed the ring.
    await this.#reloading;
    const failure = await this.#reload();
    if (failure !== undefined) throw failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    try {
      this.#unwatch?.();
    } finally {
      await this.#membership.leave();
    }
  }

  /** The application's own `watch` may throw, now rather than in the middle of `close`: then the next call starts once more. */
  #watch(): (() => void) | undefined {
    if (this.#source.watch === undefined) return undefined;
    return requireEnding(
      'keys.watch',
      this.#source.watch(() => this.#changed(), this.#options.platform),
    );
  }

  /** Why the first ring is refused; it is forgotten then, since the next call may find a better one. */
  async #present(): Promise<KeyRingError | undefined> {
    const ring = markOf(this.codec.ring);
    const highest = await this.#membership.claim(ring);
    const refusal = this.#judge(ring, highest);
    if (refusal !== undefined) {
      this.#codec = undefined;
      this.#trouble = standingOf(ring, highest);
    }
    return refusal;
  }

  #verdict(): Verdict {
    if (this.#codec === undefined) return { state: 'down', reason: this.#trouble ?? 'not-loaded' };
    if (this.#trouble !== undefined) return { state: 'degraded', reason: this.#trouble };
    return this.#membership.isBehind ? { state: 'degraded', reason: 'behind-fleet' } : UP;
  }

  async #passFence(): Promise<void> {
    await this.#membership.tell();
    if (this.#membership.isFenced) await this.#reloadIfDue();
    // The ring may just have been exchanged, by that or by the source's own word, and the fleet be told of the one before.
    if (this.#membership.isFenced) await this.#membership.tell();
    if (!this.#membership.isFenced) return;
    throw new KeyRingError(
      'This node was out of touch with its fleet, and its key ring is not the one that is in use now: nothing is sealed ' +
        'with it. Give it the newer ring.',
      // The next load may bring it. Of two rings of one version a person has to take one away.
      this.#membership.isOvertaken,
    );
  }

  async #loadRing(): Promise<KeyRing> {
    const late = (): Error => new KeyRingError('The key source did not answer in time.', true);
    // A source that is written without types may answer with a ring instead of a promise.
    const loading = Promise.resolve(this.#source.load());
    const ring: unknown = await withDeadline(this.#options.platform, KEYS_LOAD_TIMEOUT_MS, loading, late);
    if (ring instanceof KeyRing) return ring;
    throw new KeyRingError('The key source answered something else than a KeyRing.');
  }

  /** What is being loaded just now may be from before the change. */
  #changed(): void {
    void (this.#reloading ?? Promise.resolve()).then(() => this.#reload());
  }

  /** A flood of reasons must not become a flood of requests to a key service. A higher ring of the fleet is asked for at once, and once. */
  async #reloadIfDue(): Promise<void> {
    const isNews = this.#membership.highestVersion > Math.max(this.#soughtVersion, this.codec.ring.version);
    if (isNews) await this.#reloading;
    const isDue = isNews || this.#options.platform.monotonic() - this.#reloadedAt >= KEYS_RELOAD_MS_MIN;
    await (isDue ? this.#reload() : this.#reloading);
  }

  #reload(): Promise<Error | undefined> {
    this.#reloadedAt = this.#options.platform.monotonic();
    this.#reloading ??= this.#reloadOnce().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadOnce(): Promise<Error | undefined> {
    if (this.#isClosed) return undefined;
    this.#soughtVersion = this.#membership.highestVersion;
    try {
      const ring = await this.#loadRing();
      if (this.#isClosed) return undefined;
      const refusal = await this.#adopt(ring);
      this.#trouble = refusal && 'ring-refused';
      return refusal;
    } catch (error) {
      this.#trouble = troubleOf(error);
      announce('not-loaded', this.codec.ring.version, this.#trouble);
      return error instanceof Error ? error : new KeyRingError('The key source failed.');
    } finally {
      this.#standing.note(this.#verdict());
    }
  }

  /** Why the ring is refused; undefined if it is in use now. */
  async #adopt(ring: KeyRing): Promise<KeyRingError | undefined> {
    const inUse = markOf(this.codec.ring);
    const mark = markOf(ring);
    if (standingOf(mark, inUse) === 'same') return undefined;
    const highest = await this.#claim(mark, inUse);
    const refusal = this.#judge(mark, highest ?? mark);
    if (refusal !== undefined) return refusal;
    // Not to be able to ask must not keep a revoked key in use. Nothing is sealed before the fleet was asked.
    if (highest === undefined) this.#membership.expire();
    this.codec.replaceRing(ring);
    announce('loaded', ring.version, 'reload');
    // If it fails, the next heartbeat says it.
    await this.#membership.tell().catch(() => undefined);
    return undefined;
  }

  /** The highest ring that speaks for or against this one; undefined if the fleet could not be asked. */
  async #claim(ring: RingMark, inUse: RingMark): Promise<RingMark | undefined> {
    // It must not be raised before it is known to be a successor.
    if (standingOf(ring, inUse) !== 'newer') return inUse;
    try {
      return await this.#membership.claim(ring);
    } catch (error) {
      if (error instanceof TierUnavailableError) return undefined;
      throw error;
    }
  }

  #judge(ring: RingMark, highest: RingMark): KeyRingError | undefined {
    const standing = standingOf(ring, highest);
    if (standing === 'same' || standing === 'newer') return undefined;
    announce('refused', ring.version, standing);
    return refusalOf(standing, ring, highest);
  }

  #scheduleBeat(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#options.platform.after(delayMs, () => void this.#beat(), 'background');
  }

  async #beat(): Promise<void> {
    if (this.#trouble !== undefined) void this.#reload();
    const isTold = await this.#membership.tell().then(
      () => true,
      () => false,
    );
    this.#scheduleBeat(isTold ? NODE_HEARTBEAT_MS : NODE_HEARTBEAT_RETRY_MS);
  }
}

function troubleOf(error: unknown): string {
  return isHoldfastError(error) ? error.code : 'source-failed';
}

function announce(state: KeysChange['state'], version: number, reason: string): void {
  if (keysChange.hasSubscribers) keysChange.publish({ state, version, reason });
}
