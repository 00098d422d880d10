import { isHoldfastError, KeyRingError, TierUnavailableError } from '../errors.ts';
import { Membership, type HeartbeatReport } from '../fleet/membership.ts';
import { markOf, refusalOf, standingOf } from '../fleet/ring-standing.ts';
import type { KeySource } from '../keys/key-source.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import { RingInUse } from '../keys/ring/ring-in-use.ts';
import { KEYS_RELOAD_MS_MIN, NODE_HEARTBEAT_MS, NODE_HEARTBEAT_RETRY_MS } from '../limits/fleet.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { keysChange, type KeysChange } from '../telemetry/channels.ts';
import { HealthState, UP, type TierHealth, type Verdict } from '../telemetry/health.ts';
import type { Fleet, RingMark } from '../tiers/durable.ts';
import { RingLoader } from './ring-loader.ts';

/** The state of the keys, and which of them this process uses. */
export interface KeysHealth extends TierHealth {
  /** The name of this process in the messages of the fleet: eight hexadecimal digits, others after each restart. */
  readonly node: string;
  /** The version of the key ring in use. Absent before the first one is loaded. */
  readonly ring?: number;
  /** The time when the key that seals now became active. Watch it, and rotate a key that grows too old. */
  readonly sealingKeySince?: Date;
}

/** The parts that a key keeper works with. */
export interface KeyKeeperOptions {
  readonly platform: Platform;
  readonly keys: KeyRing | KeySource;
  readonly fleet: Fleet;
  /** The report that each heartbeat carries beside the ring. */
  readonly report: HeartbeatReport;
}

/**
 * Keeps the key ring of one client up to date: loads it, loads it again when there may be a newer one, and reports to the
 * fleet which one is in use. Where a ring cannot be loaded or is refused, the last good one stays in use. Never makes a
 * key.
 */
export class KeyKeeper {
  readonly ringInUse: RingInUse = new RingInUse();
  readonly #platform: Platform;
  readonly #loader: RingLoader;
  readonly #membership: Membership;
  readonly #health: HealthState;
  /** The reason why the first ring could not be loaded, or why the last ring of the source is not in use. */
  #trouble: string | undefined;
  /** Resolves with the refusal of the ring, if there is one; never rejects. */
  #reloading: Promise<Error | undefined> | undefined;
  #reloadedAt = Number.NEGATIVE_INFINITY;
  /** The highest version that any node was known to use when the source was last asked. */
  #soughtVersion = 0;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #hasStarted = false;
  #unwatch: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  constructor({ platform, keys, fleet, report }: KeyKeeperOptions) {
    this.#platform = platform;
    this.#loader = new RingLoader(platform, keys);
    this.#membership = new Membership({ platform, fleet, report, ringInUse: this.ringInUse });
    this.#health = new HealthState(platform, { state: 'down', reason: 'not-loaded' });
  }

  get health(): KeysHealth {
    const { version, sealingKey } = this.ringInUse.isLoaded ? this.ringInUse.ring : {};
    return {
      ...this.#health.note(this.#verdict()),
      node: this.#membership.nodeName,
      ...(version !== undefined && { ring: version }),
      ...(sealingKey?.activatedAt !== undefined && { sealingKeySince: new Date(sealingKey.activatedAt) }),
    };
  }

  /** Loads the first ring. Rejects with whatever the application's source throws. */
  async load(): Promise<void> {
    if (this.ringInUse.isLoaded) return;
    this.#loadedAt = this.#platform.monotonic();
    try {
      this.ringInUse.replace(await this.#loader.load());
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = troubleOf(error);
      throw error;
    } finally {
      this.#health.note(this.#verdict());
    }
  }

  /** Shows the fleet the first ring, and begins to follow the source and to send heartbeats. Needs the durable tier to be open. */
  async start(): Promise<void> {
    if (this.#hasStarted) return;
    let refusal = await this.#present();
    // Another node may have rotated after this one loaded its ring.
    if (refusal !== undefined) refusal = await this.load().then(() => this.#present());
    if (refusal !== undefined) throw refusal;
    // The durable tier may have been away for hours since: keys may have been promoted and revoked meanwhile.
    if (this.#platform.monotonic() - this.#loadedAt >= KEYS_RELOAD_MS_MIN) await this.#reload();
    const { version } = this.ringInUse.ring;
    await this.beat();
    await this.#membership.forgetTheDead().catch(() => undefined);
    // The application's own `watch` may throw: then the next call of the client starts the keeper once more.
    this.#unwatch = this.#loader.watch(() => this.#changed());
    publish('loaded', version, 'start');
    this.#hasStarted = true;
    this.#scheduleBeat(NODE_HEARTBEAT_MS);
  }

  /** True if this node may seal with the ring in use. If not, it has to `rejoin` first. */
  get maySeal(): boolean {
    return !this.#membership.isFenced;
  }

  /**
   * Makes a node that others may count as dead reach the fleet, and have its newest ring. Resolves if it may seal then; rejects with
   * `KeyRingError` or `TierUnavailableError`.
   */
  async rejoin(): Promise<void> {
    await this.beat();
    if (!this.maySeal) await this.#reloadIfDue();
    // A reload may just have replaced the ring, after the heartbeat that reported the one before.
    if (!this.maySeal) await this.beat();
    if (this.maySeal) return;
    throw new KeyRingError(
      'This node was out of touch with its fleet, and its key ring is not the one that is in use now: nothing is sealed ' +
        'with it. Give it the newer ring.',
      // The next load may bring it. Of two rings of one version a person has to take one away.
      this.#membership.isOvertaken,
    );
  }

  /**
   * Looks for the key of an envelope that this node does not know: true if a ring newer than `version` is in use now. Does
   * not ask the source at every call.
   */
  async findNewer(version: number): Promise<boolean> {
    if (this.ringInUse.ring.version === version) await this.#reloadIfDue();
    return this.ringInUse.ring.version > version;
  }

  /**
   * Asks the source at once, however recently it was asked, and uses its ring. Rejects if the source fails or its ring is refused:
   * the caller needs the newest ring, and the one in use may be older.
   */
  async refresh(): Promise<void> {
    // A load that is under way may be from before the caller changed the ring.
    await this.#reloading;
    const failure = await this.#reload();
    if (failure !== undefined) throw failure;
  }

  /** Sends a heartbeat, and looks for another ring where the fleet uses one. */
  async beat(): Promise<void> {
    await this.#membership.beat();
    if (this.#membership.isBehind) void this.#reloadIfDue();
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

  /** Returns the refusal of the first ring, which is given up then: the next call may find a better one. */
  async #present(): Promise<KeyRingError | undefined> {
    const ring = markOf(this.ringInUse.ring);
    const highest = await this.#membership.raiseRing(ring);
    const refusal = refuse(ring, highest);
    if (refusal !== undefined) {
      this.ringInUse.replace(undefined);
      this.#trouble = standingOf(ring, highest);
    }
    return refusal;
  }

  #verdict(): Verdict {
    if (!this.ringInUse.isLoaded) return { state: 'down', reason: this.#trouble ?? 'not-loaded' };
    if (this.#trouble !== undefined) return { state: 'degraded', reason: this.#trouble };
    return this.#membership.isBehind ? { state: 'degraded', reason: 'behind-fleet' } : UP;
  }

  /** Reloads after the load that is under way, which may be from before the change. */
  #changed(): void {
    void (this.#reloading ?? Promise.resolve()).then(() => this.#reload());
  }

  /**
   * Reloads, unless it was done lately: many reasons to reload must not become as many requests to a key service. A higher
   * ring that the fleet uses is asked for at once, and once.
   */
  async #reloadIfDue(): Promise<void> {
    const isNews = this.#membership.highestVersion > Math.max(this.#soughtVersion, this.ringInUse.ring.version);
    if (isNews) await this.#reloading;
    const isDue = isNews || this.#platform.monotonic() - this.#reloadedAt >= KEYS_RELOAD_MS_MIN;
    await (isDue ? this.#reload() : this.#reloading);
  }

  #reload(): Promise<Error | undefined> {
    this.#reloadedAt = this.#platform.monotonic();
    this.#reloading ??= this.#reloadOnce().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadOnce(): Promise<Error | undefined> {
    if (this.#isClosed) return undefined;
    this.#soughtVersion = this.#membership.highestVersion;
    try {
      const ring = await this.#loader.load();
      if (this.#isClosed) return undefined;
      const refusal = await this.#adopt(ring);
      this.#trouble = refusal && 'ring-refused';
      return refusal;
    } catch (error) {
      this.#trouble = troubleOf(error);
      publish('not-loaded', this.ringInUse.ring.version, this.#trouble);
      return error instanceof Error ? error : new KeyRingError('The key source failed.');
    } finally {
      this.#health.note(this.#verdict());
    }
  }

  /** Returns the refusal of the ring; undefined if it is in use now. */
  async #adopt(ring: KeyRing): Promise<KeyRingError | undefined> {
    const inUse = markOf(this.ringInUse.ring);
    const mark = markOf(ring);
    if (standingOf(mark, inUse) === 'same') return undefined;
    const highest = await this.#highestFor(mark, inUse);
    const refusal = refuse(mark, highest ?? mark);
    if (refusal !== undefined) return refusal;
    // A fleet that cannot be asked must not keep a revoked key in use. Nothing is sealed before it was asked.
    if (highest === undefined) this.#membership.fence();
    this.ringInUse.replace(ring);
    publish('loaded', ring.version, 'reload');
    // If it fails, the next heartbeat reports the ring.
    await this.beat().catch(() => undefined);
    return undefined;
  }

  /**
   * Returns the ring that decides about this one: the highest of the fleet, or the one in use, which a ring that is not newer cannot
   * replace. Undefined if the fleet could not be asked. Records a newer ring with the fleet.
   */
  async #highestFor(ring: RingMark, inUse: RingMark): Promise<RingMark | undefined> {
    // The ring in use refuses it, so the fleet must not get to know it.
    if (standingOf(ring, inUse) !== 'newer') return inUse;
    try {
      return await this.#membership.raiseRing(ring);
    } catch (error) {
      if (error instanceof TierUnavailableError) return undefined;
      throw error;
    }
  }

  #scheduleBeat(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelTimer = this.#platform.after(delayMs, () => void this.#beatOnTime(), 'background');
  }

  async #beatOnTime(): Promise<void> {
    if (this.#trouble !== undefined) void this.#reload();
    const isAnswered = await this.beat().then(
      () => true,
      () => false,
    );
    this.#scheduleBeat(isAnswered ? NODE_HEARTBEAT_MS : NODE_HEARTBEAT_RETRY_MS);
  }
}

/** The refusal of a ring that is neither the highest of the fleet nor its successor. */
function refuse(ring: RingMark, highest: RingMark): KeyRingError | undefined {
  const standing = standingOf(ring, highest);
  if (standing === 'same' || standing === 'newer') return undefined;
  publish('refused', ring.version, standing);
  return refusalOf(standing, ring, highest);
}

function troubleOf(error: unknown): string {
  return isHoldfastError(error) ? error.code : 'source-failed';
}

function publish(state: KeysChange['state'], version: number, reason: string): void {
  if (keysChange.hasSubscribers) keysChange.publish({ state, version, reason });
}
