import { TierFailure } from '../../src/errors.ts';
import {
  PRIMARY_CONNECT_TIMEOUT_MS,
  PRIMARY_SOCKET_TIMEOUT_MS,
  PROBE_BACKOFF_MS_MAX,
  PROBE_BACKOFF_MS_MIN,
} from '../../src/limits.ts';
import { memoryPrimaryTier, type MemoryKeyspace } from '../../src/tiers/memory/index.ts';
import type {
  NewValue,
  PrimaryEntry,
  PrimaryTier,
  PrimaryValue,
  RestampCommand,
  TierContext,
  Vantage,
} from '../../src/tiers/tier.ts';
import type { Weather } from './faults.ts';
import { Clock, type Process, type World } from './world.ts';

type Snapshot = readonly (readonly [string, MemoryKeyspace extends Map<string, infer V> ? V : never])[];
type Refusal = 'nothing' | 'what-needs-memory' | 'what-writes';

interface Connection {
  readonly life: number;
  readonly incarnation: string;
  /** The server's time lies at most this much above what the node takes it for, and at most that much below. */
  readonly behindMs: number;
  readonly aheadMs: number;
  readonly fail: Set<(failure: TierFailure) => void>;
  /** TCP delivers in order: nothing overtakes. */
  requestAt: number;
  replyAt: number;
  heardAt: number;
  isBroken: boolean;
}

const SNAPSHOTS_MAX = 60;

/** One server: commands execute one after another on its keys, by the code of the reference tier and by its own clock. */
export class SimulatedRedis {
  readonly world: World;
  readonly weather: Weather;
  readonly clock: Clock;
  readonly keyspace: MemoryKeyspace = new Map();
  readonly tier: PrimaryTier = memoryPrimaryTier(this.keyspace);
  readonly latencyMs: number;
  readonly #tiers = new Set<SimulatedPrimaryTier>();
  readonly #cut = new Set<Process>();
  readonly #snapshots: Snapshot[] = [[]];
  readonly #stalled: (() => void)[] = [];
  #life = 1;
  #isUp = true;
  #isFrozen = false;
  #refuses: Refusal = 'nothing';
  #mayRollBack = false;

  constructor(world: World, weather: Weather, namespace: string) {
    this.world = world;
    this.weather = weather;
    this.clock = new Clock(world, world.random.between(-600_000, 600_000));
    this.latencyMs = world.random.logBetween(0.2, 10);
    void this.tier.open({ namespace, platform: this.clock.asPlatform(), timeoutMs: 0 }, () => undefined);
  }

  /** The tier of one node. */
  connect(node: Process): PrimaryTier {
    const tier = new SimulatedPrimaryTier(this, node);
    this.#tiers.add(tier);
    return tier;
  }

  get life(): number {
    return this.#life;
  }

  get incarnation(): string {
    return `life-${String(this.#life).padStart(4, '0')}`;
  }

  /** Whether a connection can be made. A frozen server accepts one and then says nothing, which comes to the same. */
  answers(node: Process): boolean {
    return this.#isUp && !this.#isFrozen && !this.#cut.has(node);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  isCutFrom(node: Process): boolean {
    return this.#cut.has(node);
  }

  /** Keeps what is needed to go back later. */
  expectRollback(): void {
    this.#mayRollBack = true;
  }

  /** Executes a command once the server gets to it; never, if the life it was sent to has ended. */
  receive(life: number, execute: () => void): void {
    if (!this.#isUp || life !== this.#life) return;
    if (this.#isFrozen) this.#stalled.push(() => this.receive(life, execute));
    else execute();
  }

  refusal(command: string): TierFailure | null {
    if (this.#refuses === 'what-writes') return new TierFailure('rejected', 'MISCONF');
    if (this.#refuses === 'what-needs-memory' && command !== 'evict') return new TierFailure('rejected', 'OOM');
    return null;
  }

  /** After every command that may have changed something. */
  changed(): void {
    if (!this.#mayRollBack || !this.world.random.chance(0.5)) return;
    if (this.#snapshots.length >= SNAPSHOTS_MAX) this.#snapshots.splice(this.world.random.below(SNAPSHOTS_MAX), 1);
    this.#snapshots.push([...this.keyspace]);
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const retry of this.#stalled.splice(0)) retry();
  }

  kill(): void {
    this.#isUp = false;
    this.#stalled.length = 0;
    for (const tier of this.#tiers) tier.connectionClosed();
  }

  /** A new life, empty or with what was there at some earlier time. */
  start(from: 'earlier' | 'empty', choice: number): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#life += 1;
    this.#replaceKeys(from === 'empty' ? [] : this.#snapshotAt(choice));
  }

  /** The same life with the keys of some earlier time, and nobody told. */
  rollBack(choice: number): void {
    this.#replaceKeys(this.#snapshotAt(choice));
  }

  evictOne(choice: number): void {
    const keys = [...this.keyspace.keys()];
    const key = keys[Math.floor(choice * keys.length)];
    if (key !== undefined) this.keyspace.delete(key);
  }

  refuse(what: Refusal): void {
    this.#refuses = what;
  }

  cut(node: Process): void {
    this.#cut.add(node);
  }

  mend(): void {
    this.#cut.clear();
  }

  #snapshotAt(choice: number): Snapshot {
    return this.#snapshots[Math.floor(choice * this.#snapshots.length)] ?? [];
  }

  #replaceKeys(snapshot: Snapshot): void {
    this.keyspace.clear();
    for (const [key, stored] of snapshot) this.keyspace.set(key, stored);
  }
}

/** One node's connection, with the failures and deadlines of the real tier. */
class SimulatedPrimaryTier implements PrimaryTier {
  readonly name = 'simulated redis';
  readonly #server: SimulatedRedis;
  readonly #node: Process;
  #context: TierContext | undefined;
  #onChange: () => void = () => undefined;
  #connection: Connection | null = null;
  #settleOpening: (failure: TierFailure | null) => void = () => undefined;

  constructor(server: SimulatedRedis, node: Process) {
    this.#server = server;
    this.#node = node;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.#context = context;
    this.#onChange = onChange;
    const opening = new Promise<void>((resolve, reject) => {
      this.#settleOpening = (failure) => (failure === null ? resolve() : reject(failure));
    });
    this.#connect();
    return opening;
  }

  vantage(): Vantage | null {
    const connection = this.#connection;
    return connection === null ? null : this.#vantageOf(connection);
  }

  probe(): Promise<void> {
    return this.#send('probe', null, async () => undefined);
  }

  read(storageKey: Buffer): Promise<PrimaryEntry> {
    return this.#send('read', storageKey, (tier) => tier.read(storageKey));
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    return this.#send('lease', storageKey, (tier) => tier.lease(storageKey, token, over));
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    return this.#send('fill', storageKey, (tier) => tier.fill(storageKey, token, value));
  }

  publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    return this.#send('publish', storageKey, (tier) => tier.publish(storageKey, value));
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    return this.#send('restamp', storageKey, (tier) => tier.restamp(storageKey, command));
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    return this.#send('evict', storageKey, (tier) => tier.evict(storageKey, belowRevision));
  }

  hold(storageKey: Buffer): Promise<void> {
    return this.#send('hold', storageKey, (tier) => tier.hold(storageKey));
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    return this.#send('tombstone', storageKey, (tier) => tier.tombstone(storageKey, ttlMs));
  }

  async close(): Promise<void> {
    this.#context = undefined;
    this.#disconnect(new TierFailure('not-sent', 'closed'));
  }

  /** The server has died: the kernel of its machine says so, to those it can reach. */
  connectionClosed(): void {
    const connection = this.#connection;
    if (connection === null || this.#server.isCutFrom(this.#node)) return;
    this.#later(() => {
      if (this.#connection === connection) this.#disconnect(new TierFailure('ambiguous', 'ECONNRESET'));
    });
  }

  #vantageOf(connection: Connection): Vantage {
    const now = this.#server.clock.now();
    const { incarnation, behindMs, aheadMs } = connection;
    return { incarnation, earliest: Math.floor(now - behindMs), latest: Math.ceil(now + aheadMs) + 1 };
  }

  #latency(): number {
    const { random } = this.#server.world;
    return 0.05 + this.#server.latencyMs * random.unit() ** 2;
  }

  #later(run: () => void): void {
    this.#server.world.at(this.#latency(), () => this.#node.deliver(run));
  }

  #connect(): void {
    const { world } = this.#server;
    const [thereMs, backMs] = [this.#latency(), this.#latency()];
    const attempt = (): void => {
      const server = this.#server;
      const { life, incarnation } = server;
      if (server.answers(this.#node)) {
        const arrive = (): void => this.#connected(life, incarnation, backMs, thereMs);
        world.at(backMs, () => this.#node.deliver(arrive));
        return;
      }
      const failure = server.isUp
        ? new TierFailure('ambiguous', 'deadline')
        : new TierFailure('not-sent', 'ECONNREFUSED');
      const waitMs = server.isUp ? PRIMARY_CONNECT_TIMEOUT_MS : backMs;
      world.at(waitMs, () => this.#node.deliver(() => this.#retry(failure)));
    };
    world.at(thereMs, attempt);
  }

  #connected(life: number, incarnation: string, behindMs: number, aheadMs: number): void {
    if (this.#context === undefined) return;
    if (!this.#server.isUp || this.#server.life !== life) return this.#retry(new TierFailure('ambiguous', 'closed'));
    const now = this.#server.world.now;
    this.#connection = {
      life,
      incarnation,
      behindMs,
      aheadMs,
      fail: new Set(),
      requestAt: now,
      replyAt: now,
      heardAt: now,
      isBroken: false,
    };
    this.#settleOpening(null);
    this.#onChange();
  }

  #retry(failure: TierFailure): void {
    if (this.#context === undefined) return;
    this.#settleOpening(failure);
    const pauseMs = this.#server.world.random.between(PROBE_BACKOFF_MS_MIN, PROBE_BACKOFF_MS_MAX);
    this.#server.world.at(pauseMs, () => this.#node.deliver(() => this.#context && this.#connect()));
  }

  #disconnect(failure: TierFailure): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#server.world.note(() => `${this.#node.name} lost its connection to redis (${failure.reason})`);
    for (const fail of connection.fail) fail(failure);
    this.#onChange();
    if (this.#context !== undefined) this.#retry(failure);
  }

  #send<T>(name: string, key: Buffer | null, command: (tier: PrimaryTier) => Promise<T>): Promise<T> {
    const connection = this.#connection;
    const context = this.#context;
    if (context === undefined) return Promise.reject(new TierFailure('not-sent', 'not-open'));
    if (connection === null) return Promise.reject(new TierFailure('not-sent', 'not-connected'));
    const { world, weather } = this.#server;
    const { random } = world;
    const deadline = this.#vantageOf(connection).earliest + context.timeoutMs;
    return new Promise<T>((resolve, reject) => {
      const fail = (failure: TierFailure): void => {
        connection.fail.delete(fail);
        cancel();
        reject(failure);
      };
      connection.fail.add(fail);
      const cancel = world.at(context.timeoutMs, () =>
        this.#node.deliver(() => {
          if (connection.fail.has(fail)) fail(new TierFailure('ambiguous', 'deadline'));
        }),
      );
      this.#watchSilence(connection);
      if (random.chance(weather.probability('redis-lost-request'))) this.#break(connection);
      if (connection.isBroken || this.#server.isCutFrom(this.#node)) return;
      const isLate = random.chance(weather.probability('redis-late'));
      const delayMs = isLate ? random.between(0, 3 * context.timeoutMs) : this.#latency();
      connection.requestAt = Math.max(connection.requestAt, world.now + delayMs);
      const settle = (answer: () => void): void => this.#reply(connection, fail, cancel, answer);
      world.at(connection.requestAt - world.now, () =>
        this.#server.receive(connection.life, () => {
          void this.#execute(name, key, deadline, command).then(
            (value) => settle(() => resolve(value)),
            (error: unknown) => settle(() => reject(error)),
          );
        }),
      );
    });
  }

  async #execute<T>(
    name: string,
    key: Buffer | null,
    deadline: number,
    command: (tier: PrimaryTier) => Promise<T>,
  ): Promise<T> {
    const { tier, clock, world } = this.#server;
    if (name === 'read') return command(tier);
    const isLate = clock.now() > deadline;
    const refused = isLate ? new TierFailure('rejected', 'late') : this.#server.refusal(name);
    if (refused !== null) {
      world.note(() => `redis refuses ${name} of ${this.#node.name} on ${shortKey(key)} (${refused.reason})`);
      throw refused;
    }
    const answer = await command(tier);
    world.note(() => `redis: ${name} of ${this.#node.name} on ${shortKey(key)} = ${String(answer)}`);
    this.#server.changed();
    return answer;
  }

  #reply(connection: Connection, fail: (failure: TierFailure) => void, cancel: () => void, answer: () => void): void {
    const { world, weather } = this.#server;
    if (world.random.chance(weather.probability('redis-lost-reply'))) this.#break(connection);
    if (connection.isBroken || this.#server.isCutFrom(this.#node)) return;
    connection.replyAt = Math.max(connection.replyAt, world.now + this.#latency());
    world.at(connection.replyAt - world.now, () =>
      this.#node.deliver(() => {
        connection.heardAt = world.now;
        if (!connection.fail.delete(fail)) return;
        cancel();
        answer();
      }),
    );
  }

  /** Nothing gets through any more; the node is told soon, or notices the silence. */
  #break(connection: Connection): void {
    if (connection.isBroken) return;
    connection.isBroken = true;
    const { world } = this.#server;
    world.at(world.random.between(0, 2 * PRIMARY_SOCKET_TIMEOUT_MS), () =>
      this.#node.deliver(() => {
        if (this.#connection === connection) this.#disconnect(new TierFailure('ambiguous', 'ECONNRESET'));
      }),
    );
  }

  #watchSilence(connection: Connection): void {
    const { world } = this.#server;
    const sentAt = world.now;
    world.at(PRIMARY_SOCKET_TIMEOUT_MS, () =>
      this.#node.deliver(() => {
        const isSilent = this.#connection === connection && connection.heardAt < sentAt;
        if (isSilent) this.#disconnect(new TierFailure('ambiguous', 'socket-timeout'));
      }),
    );
  }
}

export function shortKey(key: Buffer | null): string {
  return key === null ? '-' : key.toString('hex').slice(0, 8);
}
