import { isTierFailure, reasonOf, TierFailure } from '../../errors.ts';
import { Listeners } from '../../platform/listeners.ts';
import { NEVER, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Verdict } from '../../telemetry/health.ts';
import type { TierContext } from '../../tiers/context.ts';
import type {
  NewValue,
  PrimaryEntry,
  PrimaryShard,
  PrimaryTier,
  PrimaryValue,
  RestampCommand,
  Stamp,
  Vantage,
} from '../../tiers/primary.ts';
import type { Trust } from '../trust/trust-floor.ts';
import { ShardGuard } from './shard-guard.ts';
import { verdictOf } from './shards-verdict.ts';
import { UNREACHED, type Unreached } from './unreached.ts';

/** The entry of a primary tier, and the server that has it, whether that server counts or not. */
export interface SeenEntry {
  readonly entry: PrimaryEntry;
  /** The name of the shard that owns the key. */
  readonly shard: string;
  /** The server and its clock, from before it was asked. */
  readonly vantage: Vantage;
}

export interface PrimaryGuardOptions {
  readonly tier: PrimaryTier;
  readonly platform: Platform;
  readonly timeoutMs: number;
  readonly revalidateAfterMs: number;
}

/**
 * The primary tier behind the guards of its shards. The caller names the storage key, and never sees a shard. Nothing here throws: a
 * key whose shard is out of use or unknown was not reached, and the durable tier answers instead.
 */
export class PrimaryGuard {
  /** Notifies when a shard is of use again after it was not. */
  readonly returned: Listeners = new Listeners();
  /** Notifies whenever the verdict may have changed. */
  readonly changed: Listeners = new Listeners();
  readonly #options: PrimaryGuardOptions;
  readonly #tier: PrimaryTier;
  readonly #guards = new Map<PrimaryShard, ShardGuard>();
  /** The guard of the first shard, which in a tier of one server is the only one: found without the map. */
  #first: ShardGuard | undefined;
  #isOpened = false;
  #isClosed = false;
  #openFailure: TierFailure | undefined;
  /** True if a write or a mark of the dirty feed did not reach the shard of its key since the floors of all shards rose last. */
  #hasMissedWrite = false;

  constructor(options: PrimaryGuardOptions) {
    this.#options = options;
    this.#tier = options.tier;
    this.#followShards();
  }

  /** Rejects only for what a person has to mend; a server that is away is asked again in the background. */
  async open(context: TierContext): Promise<void> {
    const events = {
      onShardChange: (shard: PrimaryShard) => this.#guards.get(shard)?.connectionChanged(),
      onShardsChange: () => this.#shardsChanged(),
    };
    try {
      await this.#tier.open(context, events);
      this.#followShards();
      for (const { shard } of this.guards) if (shard.vantage() === null) events.onShardChange(shard);
    } catch (error) {
      this.#openFailure = isTierFailure(error) ? error : new TierFailure('ambiguous', reasonOf(error));
      for (const guard of this.guards) guard.giveUp(this.#openFailure);
      if (!isTierFailure(error) || error.kind === 'misconfigured') throw error;
    } finally {
      this.#isOpened = true;
    }
  }

  /** The guards of the shards that are known now. */
  get guards(): readonly ShardGuard[] {
    return [...this.#guards.values()];
  }

  get verdict(): Verdict {
    if (this.#first !== undefined) return verdictOf(this.guards.map(({ verdict }) => verdict));
    const { reason, advice } = this.#tier.failure() ?? this.#openFailure ?? { reason: 'never-reached' };
    return { state: 'down', reason, ...(advice === undefined ? {} : { advice }) };
  }

  /** True if commands are sent to any shard. */
  get isInUse(): boolean {
    return this.guards.some(({ isInUse }) => isInUse);
  }

  /** True if any shard answers commands, whether its server counts or not. */
  get isConnected(): boolean {
    return this.guards.some(({ isConnected }) => isConnected);
  }

  /**
   * Returns the stamp that a copy of this key may have now. It is taken *before* the durable tier is asked, so that it never claims
   * more than was known. Null while the shard of the key is out of use.
   */
  stamp(storageKey: Buffer): Stamp | null {
    return this.#guardOf(storageKey)?.stamp() ?? null;
  }

  /** Returns how far a copy of this key with this stamp is trusted. */
  trustIn(storageKey: Buffer, stamp: Stamp): Trust {
    return this.#guardOf(storageKey)?.trustIn(stamp) ?? 'foreign';
  }

  /** Lets no copy from before now be believed, in any shard, unless the durable tier confirms it. */
  raiseFloors(): void {
    this.#hasMissedWrite = false;
    for (const guard of this.guards) guard.trustFloor.raise();
  }

  /**
   * Returns when the server of this key last confirmed its incarnation, at the start of that check. If it was not lately, its copies are
   * not believed: behind an open connection a master may have followed another, and its data may have gone back.
   */
  confirmedAt(storageKey: Buffer): Moment {
    return this.#guardOf(storageKey)?.confirmedAt ?? NEVER;
  }

  /** True if the server of this key confirmed its incarnation lately, or does so now. */
  isConfirmed(storageKey: Buffer): Promise<boolean> {
    return this.#guardOf(storageKey)?.isConfirmed() ?? Promise.resolve(false);
  }

  /** Asks every server at once whether its incarnation is what it was. */
  async confirmAll(): Promise<void> {
    await Promise.all(this.guards.map((guard) => guard.confirm()));
  }

  /**
   * Reads the key and resolves to what `use` makes of it, or, where its shard is slow, to the second tier's answer if that comes sooner.
   * Where the shard is out of use, only the second tier is asked.
   */
  readHedged<T>(
    storageKey: Buffer,
    use: (entry: PrimaryEntry | Unreached) => Promise<T> | T,
    second: () => Promise<T>,
  ): Promise<T> {
    const guard = this.#guardOf(storageKey);
    return guard?.isInUse === true ? guard.readHedged(storageKey, use, second) : second();
  }

  /**
   * Reads the key for a person who looks, also from a server that does not count. Nothing follows from the answer. Null if no server of
   * this key is connected, or it does not answer.
   */
  async look(storageKey: Buffer): Promise<SeenEntry | null> {
    const shard = this.#tier.shardOf(storageKey);
    const vantage = shard?.vantage() ?? null;
    if (shard === null || vantage === null) return null;
    const entry = await shard.read(storageKey).catch(() => null);
    return entry && { entry, shard: shard.name, vantage };
  }

  read(storageKey: Buffer): Promise<PrimaryEntry | Unreached> {
    return this.#guardOf(storageKey)?.read(storageKey) ?? unreached();
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean | Unreached> {
    return this.#guardOf(storageKey)?.lease(storageKey, token, over) ?? unreached();
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean | Unreached> {
    return this.#guardOf(storageKey)?.fill(storageKey, token, value) ?? unreached();
  }

  publish(storageKey: Buffer, value: NewValue): Promise<boolean | Unreached> {
    return this.#guardOf(storageKey)?.publish(storageKey, value) ?? this.#missedAll();
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean | Unreached> {
    return this.#guardOf(storageKey)?.restamp(storageKey, command) ?? unreached();
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<Unreached | void> {
    return this.#guardOf(storageKey)?.evict(storageKey, belowRevision) ?? this.#missedAll();
  }

  hold(storageKey: Buffer): Promise<Unreached | void> {
    return this.#guardOf(storageKey)?.hold(storageKey) ?? this.#missedAll();
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<Unreached | void> {
    return this.#guardOf(storageKey)?.tombstone(storageKey, ttlMs) ?? this.#missedAll();
  }

  /** Entombs while the durable tier is away. */
  tombstoneAlone(storageKey: Buffer, ttlMs: number): Promise<Unreached | void> {
    return this.#guardOf(storageKey)?.tombstoneAlone(storageKey, ttlMs) ?? unreached();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const guard of this.guards) guard.close();
    await this.#tier.close();
  }

  #guardOf(storageKey: Buffer): ShardGuard | undefined {
    const shard = this.#tier.shardOf(storageKey);
    if (shard === null) return undefined;
    return shard === this.#first?.shard ? this.#first : this.#guards.get(shard);
  }

  #shardsChanged(): void {
    if (this.#isClosed) return;
    this.#followShards();
    if (this.#hasMissedWrite) this.raiseFloors();
    this.changed.notify();
  }

  /**
   * Notes that a write or a mark did not reach this shard. The floor of the shard rises before it is used again. But the copy that should
   * have gone may move to another shard, which trusts the stamp that it gave before: then the floors of all rise.
   */
  #missed(shard: PrimaryShard, storageKey: Buffer, isLost: boolean): void {
    this.#hasMissedWrite = true;
    if (isLost && this.#tier.shardOf(storageKey) !== shard) this.raiseFloors();
  }

  /** No shard is known to own the key, so nothing is sent. */
  #missedAll(): Promise<Unreached> {
    this.#hasMissedWrite = true;
    return unreached();
  }

  #followShards(): void {
    const shards = new Set(this.#tier.shards);
    for (const [shard, guard] of this.#guards) {
      if (shards.has(shard)) continue;
      guard.close();
      this.#guards.delete(shard);
    }
    for (const shard of shards) if (!this.#guards.has(shard)) this.#guards.set(shard, this.#newGuard(shard));
    [this.#first] = this.#guards.values();
  }

  #newGuard(shard: PrimaryShard): ShardGuard {
    const { platform, timeoutMs, revalidateAfterMs } = this.#options;
    return new ShardGuard({
      shard,
      owns: (storageKey) => this.#tier.shardOf(storageKey) === shard,
      isOpened: !this.#isOpened,
      platform,
      timeoutMs,
      revalidateAfterMs,
      onMiss: (storageKey, isLost) => this.#missed(shard, storageKey, isLost),
      onReturn: () => this.returned.notify(),
      onChange: () => this.changed.notify(),
    });
  }
}

function unreached(): Promise<Unreached> {
  return Promise.resolve(UNREACHED);
}
