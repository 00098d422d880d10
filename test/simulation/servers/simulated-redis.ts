import { oneServerTier } from '../../../src/tiers/one-server.ts';
import type { PrimaryTier } from '../../../src/tiers/primary.ts';
import type { Weather } from '../faults.ts';
import { RedisServer, type Refusal, type Snapshot } from './redis-server.ts';
import { SimulatedConnection } from './simulated-connection.ts';
import { Clock, type Process, type World } from '../world.ts';

const SNAPSHOTS_MAX = 60;
/** A replica that takes over lacks at most this many of the last changes that were kept. */
const REPLICA_LAG_SNAPSHOTS = 6;
/** Nobody compares the time of Redis with any other. */
const REDIS_SKEW_MS = 600_000;
const REPLICA_SKEW_MS = 2_500;

/** What one address stands for: a server, its successors after restarts and fail-overs, and for a while two at once. */
export class SimulatedRedis {
  readonly world: World;
  readonly weather: Weather;
  readonly latencyMs: number;
  readonly #connections = new Map<Process, SimulatedConnection>();
  readonly #cut = new Set<Process>();
  /** The nodes that do not know of the new master, and the one that they still see. */
  readonly #behind = new Map<Process, RedisServer>();
  readonly #snapshots: Snapshot[] = [[]];
  #runs = 1;
  #mayRollBack = false;
  /** What the replica has that took over, while the master goes on. */
  #elsewhere: Snapshot | null = null;
  /** Added to each round trip. */
  slowMs = 0;
  /** When data of the present process went back although its clients were not cut off. */
  readonly setBackAt: number[] = [];
  master: RedisServer;

  constructor(world: World, weather: Weather) {
    this.world = world;
    this.weather = weather;
    this.latencyMs = world.random.logBetween(0.2, 10);
    const skewMs = world.random.between(-REDIS_SKEW_MS, REDIS_SKEW_MS);
    this.master = new RedisServer(world, new Clock(world, skewMs), this.#runs, []);
  }

  /** The tier of one node. */
  connect(node: Process): PrimaryTier {
    const connection = new SimulatedConnection(this, node);
    this.#connections.set(node, connection);
    return oneServerTier('simulated', connection);
  }

  /** What the node finds at the address. */
  serverOf(node: Process): RedisServer {
    return this.#behind.get(node) ?? this.master;
  }

  isCutFrom(node: Process): boolean {
    return this.#cut.has(node);
  }

  /** The storage keys, in hex, that some node has begun to end or to fill, and not finished. */
  get heldKeys(): readonly string[] {
    const entries = [...this.master.keyspace].filter(([, { kind }]) => kind === 'hold' || kind === 'lease');
    return entries.map(([name]) => name.slice(name.indexOf(':') + 1));
  }

  /** Keeps what is needed to go back later. */
  expectRollback(): void {
    this.#mayRollBack = true;
  }

  /** After every command that may have changed something. */
  changed(server: RedisServer): void {
    const { random } = this.world;
    if (random.chance(this.weather.probability('redis-evict'))) server.evictOne(random.unit());
    if (!this.#mayRollBack || server !== this.master || !random.chance(0.5)) return;
    if (this.#snapshots.length >= SNAPSHOTS_MAX) this.#snapshots.splice(random.below(SNAPSHOTS_MAX), 1);
    this.#snapshots.push([...server.keyspace]);
  }

  freeze(): void {
    for (const server of this.#servers()) server.freeze();
  }

  thaw(): void {
    for (const server of this.#servers()) server.thaw();
  }

  refuse(what: Refusal): void {
    for (const server of this.#servers()) server.refuses = what;
  }

  kill(): void {
    this.#kill(this.master);
  }

  /** Starts a new incarnation: empty, with what was there at some earlier time, or of a replica that lags, on another machine. */
  start(from: 'earlier' | 'empty' | 'replica', choice: number): void {
    if (this.master.isUp) return;
    const clock = from === 'replica' ? this.#newClock() : this.master.clock;
    const keys = from === 'empty' ? [] : from === 'earlier' ? this.#snapshotAt(choice) : this.#replicated(choice);
    this.#succeed(clock, keys);
  }

  /** Restores the keys of some earlier time within one incarnation, without a notice. */
  rollBack(choice: number): void {
    this.master.rollBack(this.#snapshotAt(choice));
  }

  /** A replica becomes master for some nodes while the others go on with the old one, which does not know. */
  split(choice: number): void {
    const old = this.master;
    const nodes = [...this.#connections.keys()].filter((node) => node.isAlive && !this.#behind.has(node));
    this.#succeed(this.#newClock(), this.#replicated(choice));
    const first = Math.floor(choice * nodes.length);
    nodes.forEach((node, at) => {
      if (at === first || (choice * 8) % 1 < 0.3) this.#behind.set(node, old);
      else this.#connections.get(node)?.connectionClosed(old);
    });
  }

  /** The old masters are found out and stopped. */
  unite(): void {
    const old = new Set(this.#behind.values());
    this.#behind.clear();
    for (const server of old) this.#kill(server);
  }

  /** A replica takes over unnoticed: the master goes on taking writes. */
  diverge(choice: number): void {
    this.#elsewhere ??= this.#replicated(choice);
  }

  /** The master is found out, takes the keys of the other, and is promoted again a little later. */
  reunite(): void {
    const { master, world } = this;
    if (this.#elsewhere === null) return;
    if (master.isUp) {
      master.demote(this.#elsewhere);
      this.setBackAt.push(world.now);
      world.at(world.random.logBetween(5, 2_000), () => master.promote());
    }
    this.#elsewhere = null;
  }

  cut(node: Process): void {
    this.#cut.add(node);
  }

  mend(): void {
    this.#cut.clear();
  }

  #servers(): Set<RedisServer> {
    return new Set([this.master, ...this.#behind.values()]);
  }

  #kill(server: RedisServer): void {
    server.kill();
    for (const connection of this.#connections.values()) connection.connectionClosed(server);
  }

  #succeed(clock: Clock, keys: Snapshot): void {
    this.#elsewhere = null;
    this.#runs += 1;
    this.master = new RedisServer(this.world, clock, this.#runs, keys);
  }

  /** Of another machine. */
  #newClock(): Clock {
    return this.master.clock.beside(this.world.random.between(-REPLICA_SKEW_MS, REPLICA_SKEW_MS));
  }

  #replicated(choice: number): Snapshot {
    return this.#snapshots.at(-1 - Math.floor(choice * REPLICA_LAG_SNAPSHOTS)) ?? [];
  }

  #snapshotAt(choice: number): Snapshot {
    return this.#snapshots[Math.floor(choice * this.#snapshots.length)] ?? [];
  }
}
