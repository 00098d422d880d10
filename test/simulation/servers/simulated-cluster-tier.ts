import { TierFailure } from '../../../src/errors.ts';
import type { TierContext } from '../../../src/tiers/context.ts';
import type { PrimaryEntry, PrimaryEvents, PrimaryShard, PrimaryTier } from '../../../src/tiers/primary.ts';
import type { Process } from '../world.ts';
import { SimulatedConnection } from './simulated-connection.ts';
import { slotOf } from './slots.ts';
import type { SimulatedRedis } from './simulated-redis.ts';

/** Each second, as the real tier. */
const REFRESH_MS = 1_000;
const REFRESH_PAUSE_MS = 50;

/** One node's map of a cluster, and its connection to each master. */
export class SimulatedClusterTier implements PrimaryTier {
  readonly name = 'simulated cluster';
  readonly #redis: SimulatedRedis;
  readonly #node: Process;
  shards: readonly SimulatedConnection[] = [];
  /** By slot. */
  #owners: readonly (SimulatedConnection | undefined)[] = [];
  #context: TierContext | undefined;
  #events: PrimaryEvents | undefined;
  /** By the name of a shard and a slot: the server's time when the slot came to it. */
  readonly #cameAt = new Map<string, number>();
  #isRefreshing = false;
  #refreshedAt = -Infinity;

  constructor(redis: SimulatedRedis, node: Process) {
    this.#redis = redis;
    this.#node = node;
  }

  async open(context: TierContext, events: PrimaryEvents): Promise<void> {
    this.#context = context;
    this.#events = events;
    await new Promise<void>((resolve) => this.#refresh(resolve));
    this.#refreshLater();
    await Promise.all(this.shards.map(({ opened }) => opened));
    if (this.shards.some((shard) => shard.vantage() !== null)) return;
    throw this.failure() ?? this.shards[0]?.failure() ?? new TierFailure('not-sent', 'not-connected');
  }

  shardOf(storageKey: Buffer): PrimaryShard | null {
    return this.#owners[slotOf(storageKey)] ?? null;
  }

  failure(): TierFailure | null {
    return this.shards.length > 0 ? null : new TierFailure('not-sent', 'no-map');
  }

  async close(): Promise<void> {
    this.#context = undefined;
    for (const shard of this.shards) await shard.close();
  }

  leaveDeposed(): void {
    for (const shard of this.shards) shard.leaveDeposed();
  }

  /** The server has died or is given up. */
  connectionClosed(server: Parameters<SimulatedConnection['connectionClosed']>[0]): void {
    for (const shard of this.shards) shard.connectionClosed(server);
  }

  /** A server has answered that another one has the key now: for good, or while it moves. Null where that one is not known yet. */
  redirected(storageKey: Buffer, name: string, isForGood: boolean): SimulatedConnection | null {
    this.wantsMap();
    const owner = this.shards.find((shard) => shard.name === name);
    const slot = slotOf(storageKey);
    if (owner === undefined) return null;
    if (isForGood && this.#owners[slot] !== owner) {
      this.#owners = this.#owners.map((known, at) => (at === slot ? owner : known));
      this.#noteMove(owner, slot);
      this.#events?.onShardsChange();
    }
    return owner;
  }

  doubts(name: string, storageKey: Buffer, entry: PrimaryEntry): boolean {
    if (entry.kind !== 'value' || this.#cameAt.size === 0) return false;
    return entry.stamp.at <= (this.#cameAt.get(`${name} ${slotOf(storageKey)}`) ?? 0);
  }

  /** A copy may have left with its slot, and come back older. */
  #noteMove(owner: SimulatedConnection, slot: number): void {
    const latest = owner.vantage()?.latest;
    if (latest !== undefined) this.#cameAt.set(`${owner.name} ${slot}`, latest);
  }

  wantsMap(): void {
    const { world } = this.#redis;
    if (!this.#isRefreshing && world.now - this.#refreshedAt >= REFRESH_PAUSE_MS) this.#refresh(() => undefined);
  }

  #refreshLater(): void {
    this.#node.after(REFRESH_MS, () => {
      if (this.#context === undefined) return;
      this.wantsMap();
      this.#refreshLater();
    });
  }

  #refresh(onEnd: () => void): void {
    const { world } = this.#redis;
    this.#isRefreshing = true;
    this.#refreshedAt = world.now;
    world.at(this.#redis.latency(), () => {
      const map = this.#redis.mapOf(this.#node);
      world.at(this.#redis.latency(), () =>
        this.#node.deliver(() => {
          this.#isRefreshing = false;
          if (map !== null && this.#context !== undefined) this.#follow(map);
          onEnd();
        }),
      );
    });
  }

  /** The names of the owners by slot. */
  #follow(map: readonly string[]): void {
    const names = [...new Set(map)].filter((name) => name !== '').toSorted();
    const known = new Map(this.shards.map((shard) => [shard.name, shard]));
    const shards = names.map((name) => known.get(name) ?? this.#connect(name));
    const owners = map.map((name) => shards.find((shard) => shard.name === name));
    const isSame = owners.length === this.#owners.length && owners.every((owner, slot) => owner === this.#owners[slot]);
    if (isSame) return;
    owners.forEach((owner, slot) => {
      if (owner !== undefined && owner !== this.#owners[slot]) this.#noteMove(owner, slot);
    });
    const gone = this.shards.filter((shard) => !shards.includes(shard));
    this.shards = shards;
    this.#owners = owners;
    this.#events?.onShardsChange();
    for (const shard of gone) void shard.close();
  }

  #connect(name: string): SimulatedConnection {
    const connection = new SimulatedConnection(this.#redis, this.#node, name, this);
    const onChange = (): void => this.#events?.onShardChange(connection);
    if (this.#context !== undefined) connection.begin(this.#context, onChange);
    return connection;
  }
}
