import type { Clock, Process, World } from '../world.ts';
import { RedisServer, type Refusal, type Snapshot } from './redis-server.ts';

const SNAPSHOTS_MAX = 60;
/** A replica that takes over lacks at most this many of the last changes that were kept. */
const REPLICA_LAG_SNAPSHOTS = 6;
const REPLICA_SKEW_MS = 2_500;
/** How often a server that follows is promoted where there is one, and not a new machine. */
const PROMOTED_AGAIN = 0.7;

/** What a shard shares with the others of its Redis. */
export interface ShardSurroundings {
  readonly world: World;
  /** The number of the next process of a server. */
  nextRun(): number;
  /** The name of a machine that becomes master. */
  nameOf(run: number): string;
  readonly ownerOf: ((slot: number) => string) | null;
  /** Higher than every one before it. */
  nextEpoch(): number;
  /** The nodes that live. */
  nodes(): readonly Process[];
  /** The clients of this server are cut off: all of them, or one. */
  cutOff(server: RedisServer, node?: Process): void;
}

/** A set of slots, or everything: the server that owns them, its successors after restarts and fail-overs, and for a while two masters. */
export class SimulatedShard {
  readonly #around: ShardSurroundings;
  readonly #world: World;
  /** The nodes that do not know of the new master, and the one that they still see. */
  readonly #behind = new Map<Process, RedisServer>();
  /** Masters that do not know that they are none any more. */
  readonly #deposed = new Set<RedisServer>();
  /** Servers that follow the master. */
  readonly #following: RedisServer[] = [];
  readonly #snapshots: Snapshot[] = [[]];
  #mayRollBack = false;
  /** Nodes that come may be led to a deposed master. */
  #leadsAstray = false;
  /** What the replica has that took over, while the master goes on. */
  #elsewhere: Snapshot | null = null;
  /** When data of the present process went back although its clients were not cut off. */
  readonly setBackAt: number[] = [];
  master: RedisServer;

  constructor(around: ShardSurroundings, clock: Clock, slots: ReadonlySet<number> | null) {
    this.#around = around;
    this.#world = around.world;
    this.master = this.#process(clock, [], slots, null);
  }

  /** What the node finds. */
  serverOf(node: Process): RedisServer {
    return this.#behind.get(node) ?? this.master;
  }

  /** The nodes that still see a deposed master. */
  get strays(): readonly Process[] {
    return [...this.#behind.keys()];
  }

  get servers(): ReadonlySet<RedisServer> {
    return new Set([this.master, ...this.#deposed]);
  }

  /** Keeps what is needed to go back later. */
  expectRollback(): void {
    this.#mayRollBack = true;
  }

  /** After every command that may have changed something at one of its servers. */
  changed(server: RedisServer): void {
    const { random } = this.#world;
    if (!this.#mayRollBack || server !== this.master || !random.chance(0.5)) return;
    if (this.#snapshots.length >= SNAPSHOTS_MAX) this.#snapshots.splice(random.below(SNAPSHOTS_MAX), 1);
    this.#snapshots.push([...server.keyspace]);
  }

  freeze(): void {
    for (const server of this.#all()) server.freeze();
  }

  thaw(): void {
    for (const server of this.#all()) server.thaw();
  }

  refuse(what: Refusal): void {
    for (const server of this.#all()) server.refuses = what;
  }

  kill(): void {
    this.#kill(this.master);
  }

  /** Starts a new process: empty, with what was there at some earlier time, or of a replica that lags, on another machine. */
  start(from: 'earlier' | 'empty' | 'replica', choice: number): void {
    const old = this.master;
    if (old.isUp) return;
    const clock = from === 'replica' ? this.#newClock() : old.clock;
    const keys = from === 'empty' ? [] : from === 'earlier' ? this.#snapshotAt(choice) : this.#replicated(choice);
    this.#succeed(this.#process(clock, keys, old.slotsToInherit, from === 'replica' ? null : old.name));
  }

  /** Restores the keys of some earlier time within one incarnation, without a notice. */
  rollBack(choice: number): void {
    this.master.rollBack(this.#snapshotAt(choice));
  }

  /**
   * A replica becomes master, and the old one does not know. Each node learns of it at some time within `lengthMs`, and at once
   * cuts itself off from the old one; or it does not learn of it until the old one is found out.
   */
  split(choice: number, lengthMs: number, strays: 'some' | 'one'): void {
    const { random } = this.#world;
    if (!this.master.isUp) return;
    this.#leadsAstray = strays === 'some';
    const old = this.master;
    const nodes = this.#around.nodes().filter((node) => !this.#behind.has(node));
    this.#succeed(this.#promoted(choice));
    this.#deposed.add(old);
    const first = Math.floor(choice * nodes.length);
    nodes.forEach((node, at) => {
      const isStray = at === first || (strays === 'some' && random.chance(0.3));
      const isLate = strays === 'some' && random.chance(0.5);
      if (isStray || isLate) this.#behind.set(node, old);
      else this.#around.cutOff(old, node);
      if (!isStray && isLate) this.#world.at(random.between(0, lengthMs), () => this.#learn(node, old));
    });
  }

  /**
   * A replica that has everything, or these keys, becomes master. Each node sees the old one, which goes on, until it is led to the new
   * one.
   */
  failOver(keys: Snapshot = [...this.master.keyspace]): void {
    const old = this.master;
    const slots = old.slotsToInherit;
    const again = this.#following.pop();
    this.#succeed(
      again === undefined ? this.#process(this.#newClock(), keys, slots, null) : this.#promote(again, keys),
    );
    this.#deposed.add(old);
    for (const node of this.#around.nodes()) this.#behind.set(node, old);
  }

  /** Leads a node to the present master, or to one that was deposed. */
  lead(node: Process, to: RedisServer = this.master): void {
    const from = this.serverOf(node);
    if (to === this.master) this.#behind.delete(node);
    else this.#behind.set(node, to);
    this.#around.cutOff(from, node);
  }

  /** A node that comes while there are two masters is led to either. */
  arrive(node: Process): void {
    const [deposed] = this.#deposed;
    if (this.#leadsAstray && deposed?.isUp === true && this.#world.random.chance(0.3)) this.#behind.set(node, deposed);
  }

  /** The old masters are found out: stopped, or made to follow the new one, with or without their clients. */
  unite(): void {
    const { random } = this.#world;
    this.#behind.clear();
    for (const old of this.#deposed) {
      if (!old.isUp || !this.master.isUp || random.chance(0.3)) {
        this.#kill(old);
        continue;
      }
      old.demote([...this.master.keyspace]);
      this.#following.push(old);
      if (random.chance(0.5)) this.#around.cutOff(old);
      else this.setBackAt.push(this.#world.now);
    }
    this.#deposed.clear();
  }

  /** A replica takes over unnoticed: the master goes on taking writes. */
  diverge(choice: number): void {
    this.#elsewhere ??= this.#replicated(choice);
  }

  /** The master is found out, takes the keys of the other, and is promoted again a little later. */
  reunite(): void {
    const { master } = this;
    if (this.#elsewhere === null) return;
    if (master.isUp) {
      master.demote(this.#elsewhere);
      this.setBackAt.push(this.#world.now);
      this.#world.at(this.#world.random.logBetween(5, 2_000), () => master.promote());
    }
    this.#elsewhere = null;
  }

  #learn(node: Process, old: RedisServer): void {
    if (this.#behind.get(node) !== old) return;
    this.#behind.delete(node);
    this.#around.cutOff(old, node);
  }

  /** With those that follow, and may be promoted. */
  #all(): ReadonlySet<RedisServer> {
    return new Set([...this.servers, ...this.#following]);
  }

  #kill(server: RedisServer): void {
    server.kill();
    this.#around.cutOff(server);
  }

  #succeed(server: RedisServer): void {
    this.#elsewhere = null;
    this.master = server;
  }

  /** A server that follows, or a machine that nobody has met. */
  #promoted(choice: number): RedisServer {
    const { slotsToInherit: slots } = this.master;
    const keys = this.#replicated(choice);
    const again = this.#world.random.chance(PROMOTED_AGAIN) ? this.#following.pop() : undefined;
    return again === undefined ? this.#process(this.#newClock(), keys, slots, null) : this.#promote(again, keys);
  }

  #promote(server: RedisServer, keys: Snapshot): RedisServer {
    server.rollBack(keys);
    server.own(this.master.slotsToInherit);
    server.epoch = this.#around.nextEpoch();
    server.promote();
    return server;
  }

  #process(clock: Clock, keys: Snapshot, slots: ReadonlySet<number> | null, name: string | null): RedisServer {
    const { ownerOf } = this.#around;
    const run = this.#around.nextRun();
    const server = new RedisServer(this.#world, clock, {
      run,
      keys,
      slots,
      ownerOf,
      name: name ?? this.#around.nameOf(run),
    });
    server.epoch = this.#around.nextEpoch();
    return server;
  }

  /** Of another machine. */
  #newClock(): Clock {
    return this.master.clock.beside(this.#world.random.between(-REPLICA_SKEW_MS, REPLICA_SKEW_MS));
  }

  #replicated(choice: number): Snapshot {
    return this.#snapshots.at(-1 - Math.floor(choice * REPLICA_LAG_SNAPSHOTS)) ?? [];
  }

  #snapshotAt(choice: number): Snapshot {
    return this.#snapshots[Math.floor(choice * this.#snapshots.length)] ?? [];
  }
}
