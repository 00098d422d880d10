import { MAIN_SHARD, oneServerTier } from '../../../src/tiers/one-server.ts';
import type { PrimaryTier } from '../../../src/tiers/primary.ts';
import type { Weather } from '../faults.ts';
import type { RedisServer, Snapshot } from './redis-server.ts';
import { SimulatedClusterTier } from './simulated-cluster-tier.ts';
import { SimulatedConnection } from './simulated-connection.ts';
import { moveSlot, ownerAmong } from './slot-migration.ts';
import { SimulatedShard } from './simulated-shard.ts';
import { slotOf, SLOTS, slotOfName } from './slots.ts';
import { Clock, type Process, type World } from '../world.ts';

/** Nobody compares the time of Redis with any other. */
const REDIS_SKEW_MS = 600_000;
const ALL_SLOTS = Array.from({ length: SLOTS }, (_, slot) => slot);

/** What the nodes call Redis: one shard, or the masters of a cluster with all that follows each of them. */
export class SimulatedRedis {
  readonly world: World;
  readonly weather: Weather;
  readonly latencyMs: number;
  readonly shards: readonly SimulatedShard[];
  readonly #tiers = new Map<Process, SimulatedClusterTier | SimulatedConnection>();
  /** The nodes that reach nothing, or not this shard. */
  readonly #cut = new Map<Process, SimulatedShard | null>();
  #runs = 0;
  #epochs = 0;
  /** Added to each round trip. */
  slowMs = 0;

  constructor(world: World, weather: Weather, masters = 1) {
    this.world = world;
    this.weather = weather;
    this.latencyMs = world.random.logBetween(0.2, 10);
    const skewMs = world.random.between(-REDIS_SKEW_MS, REDIS_SKEW_MS);
    const around = {
      world,
      nextRun: () => (this.#runs += 1),
      nameOf: (run: number) => (masters === 1 ? MAIN_SHARD : `node${run}`),
      ownerOf: masters === 1 ? null : (slot: number) => this.#ownerOf(slot).name,
      nextEpoch: () => (this.#epochs += 1),
      nodes: () => [...this.#tiers.keys()].filter(({ isAlive }) => isAlive),
      cutOff: (server: RedisServer, node?: Process) => this.#cutOff(server, node),
    };
    const slotsOf = (shard: number): ReadonlySet<number> | null =>
      masters === 1 ? null : new Set(ALL_SLOTS.filter((slot) => slot % masters === shard));
    this.shards = Array.from(
      { length: masters },
      (_, shard) => new SimulatedShard(around, new Clock(world, skewMs), slotsOf(shard)),
    );
  }

  /** The tier of one node. */
  connect(node: Process): PrimaryTier {
    for (const shard of this.shards) shard.arrive(node);
    if (this.shards.length > 1) {
      const tier = new SimulatedClusterTier(this, node);
      this.#tiers.set(node, tier);
      return tier;
    }
    const connection = new SimulatedConnection(this, node);
    this.#tiers.set(node, connection);
    return oneServerTier('simulated', connection);
  }

  latency(): number {
    return 0.05 + this.slowMs / 2 + this.latencyMs * this.world.random.unit() ** 2;
  }

  /** The server of this name as the node finds it, or as it was known by. */
  find(name: string, node: Process): RedisServer | undefined {
    const seen = this.shards.map((shard) => shard.serverOf(node));
    return (
      seen.find((server) => server.name === name) ??
      this.shards.flatMap(({ servers }) => [...servers]).find((server) => server.name === name)
    );
  }

  /** The names of the owners of all slots, by the servers that the node sees; empty where none of them is one. Null where it reaches none. */
  mapOf(node: Process): readonly string[] | null {
    const seen = this.shards.map((shard) => shard.serverOf(node));
    if (!seen.some((server) => server.isUp && !server.isFrozen && !this.isCutFrom(node, server))) return null;
    return ALL_SLOTS.map((slot) => ownerAmong(seen, slot)?.name ?? '');
  }

  /**
   * Moves a slot to another master, key by key; and back soon after, now and then. A migration that meets a fail-over is
   * given up, and what had moved is lost.
   */
  migrate(choice: number, lengthMs: number): void {
    const names = this.shards.flatMap(({ master }) => [...master.keyspace.keys()]);
    const name = names[Math.floor(choice * names.length)];
    const slot = name === undefined ? Math.floor(choice * SLOTS) : slotOfName(name);
    const isReturning = (choice * 32) % 1 < 0.5;
    const from = this.#shardOf(slot);
    const others = this.shards.filter((shard) => shard !== from);
    const to = others[Math.floor(((choice * 64) % 1) * others.length)];
    if (from === undefined || to === undefined) return;
    moveSlot(this.world, { from, to, slot, lengthMs, epoch: () => (this.#epochs += 1) }, () => {
      if (!isReturning) return;
      const returning = { from: to, to: from, slot, lengthMs: lengthMs / 2, epoch: () => (this.#epochs += 1) };
      this.world.at(this.world.random.logBetween(5, 3_000), () => moveSlot(this.world, returning, () => undefined));
    });
  }

  /** The shard that a fault happens to. */
  shardAt(choice: number): SimulatedShard {
    return this.shards[Math.floor(((choice * 97) % 1) * this.shards.length)]!;
  }

  /** The only shard, where there is one. */
  get main(): SimulatedShard {
    return this.shards[0]!;
  }

  get master(): RedisServer {
    return this.main.master;
  }

  isCutFrom(node: Process, server: RedisServer): boolean {
    const cut = this.#cut.get(node);
    return cut === null || cut?.servers.has(server) === true;
  }

  /** The storage keys, in hex, that some node has begun to end or to fill, and not finished. */
  get heldKeys(): readonly string[] {
    const entries = this.shards
      .flatMap(({ master }) => [...master.keyspace])
      .filter(([, { kind }]) => kind === 'hold' || kind === 'lease');
    return entries.map(([name]) => name.slice(name.indexOf(':') + 1));
  }

  /** Names a master of each shard, be it deposed or not, as the database might. */
  namesOfAny(): string {
    const { random } = this.world;
    const named = this.shards.map((shard) => {
      const { name, incarnation } = random.pick([...shard.servers])!;
      return `${name}=${incarnation}.${random.word().toString(16).padStart(8, '0')}`;
    });
    return named.toSorted().join(',');
  }

  /** The nodes that see a deposed master. */
  get strays(): ReadonlySet<string> {
    return new Set(this.shards.flatMap(({ strays }) => strays.map(({ name }) => name)));
  }

  /** True if no server is there for the key. */
  isDown(storageKey: Buffer): boolean {
    return this.shards.some(({ master }) => !master.isUp && (master.slots?.has(slotOf(storageKey)) ?? true));
  }

  /** Moves a slot to another shard. */
  move(slot: number, to: SimulatedShard, lengthMs: number): void {
    const from = this.#shardOf(slot);
    const move = { slot, to, lengthMs, epoch: () => (this.#epochs += 1) };
    if (from !== undefined) moveSlot(this.world, { ...move, from }, () => undefined);
  }

  /** When the data of a process went back although its clients were not cut off. */
  get setBackAt(): readonly number[] {
    return this.shards.flatMap(({ setBackAt }) => setBackAt);
  }

  /** Keeps what is needed to go back later. */
  expectRollback(): void {
    for (const shard of this.shards) shard.expectRollback();
  }

  /** After every command that may have changed something. */
  changed(server: RedisServer): void {
    const { random } = this.world;
    if (random.chance(this.weather.probability('redis-evict'))) server.evictOne(random.unit());
    for (const shard of this.shards) shard.changed(server);
  }

  /** Every key is lost. */
  empty(): void {
    const nothing: Snapshot = [];
    for (const { master } of this.shards) master.rollBack(nothing);
  }

  /** The node reaches nothing any more, or not this shard. */
  cut(node: Process, shard: SimulatedShard | null = null): void {
    this.#cut.set(node, shard);
  }

  mend(): void {
    this.#cut.clear();
    for (const tier of this.#tiers.values()) tier.leaveDeposed();
  }

  /** Not one that has lost the slot and does not know it yet. */
  #shardOf(slot: number): SimulatedShard | undefined {
    const owner = this.#ownerOf(slot);
    return this.shards.find(({ master }) => master === owner);
  }

  #ownerOf(slot: number): RedisServer {
    return ownerAmong(
      this.shards.map(({ master }) => master),
      slot,
    )!;
  }

  #cutOff(server: RedisServer, node: Process | undefined): void {
    if (node !== undefined) return this.#tiers.get(node)?.connectionClosed(server);
    for (const tier of this.#tiers.values()) tier.connectionClosed(server);
  }
}
