import { TierFailure } from '../../../src/errors.ts';
import { PRIMARY_CONNECT_TIMEOUT_MS, PRIMARY_SILENCE_MS, RECONNECT_BACKOFF } from '../../../src/limits/primary-tier.ts';
import { ServerClock } from '../../../src/tiers/redis/connection/server-clock.ts';
import type { TierContext } from '../../../src/tiers/context.ts';
import { MAIN_SHARD, type PrimaryServer } from '../../../src/tiers/one-server.ts';
import type {
  NewValue,
  PrimaryEntry,
  PrimaryShard,
  PrimaryValue,
  RestampCommand,
  Vantage,
} from '../../../src/tiers/primary.ts';
import { shortKey } from '../outcomes.ts';
import type { Elsewhere, RedisServer } from './redis-server.ts';
import type { SimulatedRedis } from './simulated-redis.ts';
import type { Process } from '../world.ts';

/** As the real tier: after this long without an answer from a script, the server is asked for its time first. */
const CLOCK_AGE_MS_MAX = 30_000;

type Command<T> = (tier: PrimaryShard) => Promise<T>;

interface Connection {
  readonly server: RedisServer;
  /** As its server said last. */
  incarnation: string;
  readonly clock: ServerClock;
  readonly fail: Set<(failure: TierFailure) => void>;
  /** TCP delivers in order: nothing overtakes. */
  requestAt: number;
  replyAt: number;
  readAt: number;
  isBroken: boolean;
}

/** Knows which connection leads to the server that has a key now; null where none does. */
export interface Redirects {
  redirected(storageKey: Buffer, name: string, isForGood: boolean): SimulatedConnection | null;
  /** The map may be old. */
  wantsMap(): void;
  /** True for a copy that may have been elsewhere since it was stamped. */
  doubts(name: string, storageKey: Buffer, entry: PrimaryEntry): boolean;
}

/** How often a command is sent on, as in the real tier. */
const HOPS_MAX = 2;

interface Answer<T> {
  /** Null where it came too late, or was sent on. */
  readonly done: { readonly value: T } | null;
  readonly elsewhere: Elsewhere | null;
  readonly serverTime: number;
  /** Null of a replica. */
  readonly incarnation: string | null;
}

/** One node's connection, with the failures and deadlines of the real tier. */
export class SimulatedConnection implements PrimaryServer {
  readonly name: string;
  readonly #redis: SimulatedRedis;
  readonly #node: Process;
  /** The map by which others have keys as well; null where there is one server. */
  readonly #cluster: Redirects | null;
  #context: TierContext | undefined;
  #onChange: () => void = () => undefined;
  #connection: Connection | null = null;
  #lastFailure = new TierFailure('not-sent', 'not-open');
  #settleOpening: (failure: TierFailure | null) => void = () => undefined;
  opened: Promise<TierFailure | null> = Promise.resolve(null);

  constructor(redis: SimulatedRedis, node: Process, name: string = MAIN_SHARD, cluster: Redirects | null = null) {
    this.#redis = redis;
    this.#node = node;
    this.name = name;
    this.#cluster = cluster;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.begin(context, onChange);
    const failure = await this.opened;
    if (failure !== null) throw failure;
  }

  /** Connects. `opened` resolves to what came of the first attempt. */
  begin(context: TierContext, onChange: () => void): void {
    this.#context = context;
    this.#onChange = onChange;
    this.opened = new Promise((resolve) => (this.#settleOpening = resolve));
    this.#connect();
  }

  vantage(): Vantage | null {
    const connection = this.#connection;
    if (connection === null) return null;
    const { incarnation, clock } = connection;
    const now = this.#node.monotonic();
    return { incarnation, earliest: clock.earliest(now), latest: clock.latest(now) };
  }

  failure(): TierFailure | null {
    return this.#connection === null ? this.#lastFailure : null;
  }

  probe(): Promise<void> {
    return this.#run('probe', null, async () => undefined);
  }

  confirm(): Promise<void> {
    return this.#send('info', null, async () => undefined);
  }

  read(storageKey: Buffer): Promise<PrimaryEntry> {
    const reading = this.#send('read', storageKey, (tier) => tier.read(storageKey));
    if (this.#cluster === null) return reading;
    const cluster = this.#cluster;
    return reading.then((entry) => (cluster.doubts(this.name, storageKey, entry) ? doubted(entry) : entry));
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    // By the stamp that it bears.
    const stored = over && (asStored.get(over) ?? over);
    return this.#run('lease', storageKey, (tier) => tier.lease(storageKey, token, stored));
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    return this.#run('fill', storageKey, (tier) => tier.fill(storageKey, token, value));
  }

  publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    return this.#run('publish', storageKey, (tier) => tier.publish(storageKey, value));
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    return this.#run('restamp', storageKey, (tier) => tier.restamp(storageKey, command));
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    return this.#run('evict', storageKey, (tier) => tier.evict(storageKey, belowRevision));
  }

  hold(storageKey: Buffer): Promise<void> {
    return this.#run('hold', storageKey, (tier) => tier.hold(storageKey));
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    return this.#run('tombstone', storageKey, (tier) => tier.tombstone(storageKey, ttlMs));
  }

  async close(): Promise<void> {
    this.#context = undefined;
    const closed = new TierFailure('not-sent', 'closed');
    this.#settleOpening(closed);
    this.#disconnect(closed);
  }

  /** What it missed while it was cut off: another server is meant now. */
  leaveDeposed(): void {
    const server = this.#connection?.server;
    if (server !== undefined && this.#redis.find(this.name, this.#node) !== server) this.connectionClosed(server);
  }

  /** The server has died or is given up: the nodes that it can reach are notified. */
  connectionClosed(server: RedisServer): void {
    const connection = this.#connection;
    if (connection?.server !== server || this.#redis.isCutFrom(this.#node, server)) return;
    this.#later(() => {
      if (this.#connection === connection) this.#disconnect(new TierFailure('ambiguous', 'ECONNRESET'));
    });
  }

  #later(run: () => void): void {
    this.#redis.world.at(this.#redis.latency(), () => this.#node.deliver(run));
  }

  #connect(): void {
    const { world } = this.#redis;
    const sentAt = this.#node.monotonic();
    const attempt = (): void => {
      const server = this.#redis.find(this.name, this.#node);
      if (server === undefined) return this.#node.deliver(() => this.#retry(new TierFailure('not-sent', 'unknown')));
      // A frozen server accepts a connection and then says nothing.
      const isSilent = server.isFrozen || this.#redis.isCutFrom(this.#node, server);
      if (server.isUp && !isSilent && !server.isReplica) {
        const serverTime = server.clock.now();
        const { incarnation } = server;
        this.#later(() => this.#connected(server, incarnation, serverTime, sentAt));
        return;
      }
      const failure =
        server.isUp && isSilent
          ? new TierFailure('ambiguous', 'deadline')
          : new TierFailure('not-sent', server.isUp ? 'not-master' : 'ECONNREFUSED');
      const waitMs = server.isUp && isSilent ? PRIMARY_CONNECT_TIMEOUT_MS : this.#redis.latency();
      this.#node.after(waitMs, () => this.#retry(failure));
    };
    world.at(this.#redis.latency(), attempt);
  }

  #connected(server: RedisServer, incarnation: string, serverTime: number, sentAt: number): void {
    if (this.#context === undefined) return;
    if (!server.isUp || this.#redis.find(this.name, this.#node) !== server) {
      return this.#retry(new TierFailure('ambiguous', 'closed'));
    }
    const { now } = this.#redis.world;
    this.#connection = {
      server,
      incarnation,
      clock: new ServerClock({ serverTime, sentAt, receivedAt: this.#node.monotonic() }),
      fail: new Set(),
      requestAt: now,
      replyAt: now,
      readAt: now,
      isBroken: false,
    };
    this.#settleOpening(null);
    this.#onChange();
  }

  #retry(failure: TierFailure): void {
    if (this.#context === undefined) return;
    this.#lastFailure = failure;
    this.#settleOpening(failure);
    const { world } = this.#redis;
    const pauseMs = world.random.between(RECONNECT_BACKOFF.firstMs, RECONNECT_BACKOFF.longestMs);
    this.#node.after(pauseMs, () => this.#context && this.#connect());
  }

  #disconnect(failure: TierFailure): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#lastFailure = failure;
    this.#redis.world.note(() => `${this.#node.name} lost its connection to redis (${failure.reason})`);
    for (const fail of connection.fail) fail(failure);
    this.#onChange();
    this.#cluster?.wantsMap();
    if (this.#context !== undefined) this.#retry(failure);
  }

  /** A script: it carries a deadline, and its answer carries the server's time. */
  async #run<T>(name: string, key: Buffer | null, command: Command<T>, hops = 0, isAsking = false): Promise<T> {
    const clock = this.#connection?.clock;
    const isOld = clock !== undefined && clock.age(this.#node.monotonic()) > CLOCK_AGE_MS_MAX;
    if (isOld) await this.#send('time', null, async () => undefined);
    return this.#send(name, key, command, hops, isAsking);
  }

  #send<T>(name: string, key: Buffer | null, command: Command<T>, hops = 0, isAsking = false): Promise<T> {
    const connection = this.#connection;
    const context = this.#context;
    if (context === undefined) return Promise.reject(new TierFailure('not-sent', 'not-open'));
    if (connection === null) return Promise.reject(new TierFailure('not-sent', 'not-connected'));
    const { world, weather } = this.#redis;
    const { random } = world;
    const sentAt = this.#node.monotonic();
    const deadline = connection.clock.earliest(sentAt) + context.timeoutMs;
    return new Promise<T>((resolve, reject) => {
      const fail = (failure: TierFailure): void => {
        connection.fail.delete(fail);
        cancel();
        reject(failure);
      };
      connection.fail.add(fail);
      const cancel = this.#node.after(context.timeoutMs, () => {
        if (connection.fail.has(fail)) fail(new TierFailure('ambiguous', 'deadline'));
      });
      this.#watchSilence(connection);
      if (random.chance(weather.probability('redis-lost-request'))) this.#break(connection);
      if (connection.isBroken || this.#redis.isCutFrom(this.#node, connection.server)) return;
      const isLate = random.chance(weather.probability('redis-late'));
      const delayMs = isLate ? random.between(0, 3 * context.timeoutMs) : this.#redis.latency();
      connection.requestAt = Math.max(connection.requestAt, world.now + delayMs);
      const settle = (answer: () => void): void => this.#reply(connection, fail, cancel, answer);
      const receive = ({ done, serverTime, incarnation, elsewhere }: Answer<T>): void => {
        if (elsewhere !== null && key !== null) {
          this.#sendOn(name, key, command, elsewhere, hops + 1).then(resolve, reject);
          return;
        }
        if (name === 'probe' && incarnation !== null) connection.incarnation = incarnation;
        if (name === 'info' && incarnation !== connection.incarnation) {
          const failure = new TierFailure('rejected', incarnation === null ? 'READONLY' : 'another-incarnation');
          reject(failure);
          return this.#disconnect(failure);
        }
        if (name !== 'read') connection.clock.learn({ serverTime, sentAt, receivedAt: this.#node.monotonic() });
        if (done === null) reject(new TierFailure('rejected', 'late'));
        else resolve(done.value);
      };
      world.at(connection.requestAt - world.now, () =>
        connection.server.receive(() => {
          void this.#execute(connection.server, name, key, deadline, context.namespace, command, isAsking).then(
            (answer) => settle(() => receive(answer)),
            (error: TierFailure) =>
              settle(() => {
                reject(error);
                // The real tier connects anew as well.
                if (error.reason === 'READONLY') this.#disconnect(error);
              }),
          );
        }),
      );
    });
  }

  /** To the server that has the key now, by the clock of that one. */
  #sendOn<T>(name: string, key: Buffer, command: Command<T>, elsewhere: Elsewhere, hops: number): Promise<T> {
    const other = this.#cluster?.redirected(key, elsewhere.name, elsewhere.isForGood) ?? null;
    if (other === null || hops > HOPS_MAX) return Promise.reject(new TierFailure('not-sent', 'moved'));
    this.#redis.world.note(() => `${this.#node.name} is sent on to ${elsewhere.name} with ${name} on ${shortKey(key)}`);
    return other.#run(name, key, command, hops, !elsewhere.isForGood);
  }

  async #execute<T>(
    server: RedisServer,
    name: string,
    key: Buffer | null,
    deadline: number,
    namespace: string,
    command: Command<T>,
    isAsking: boolean,
  ): Promise<Answer<T>> {
    const { world } = this.#redis;
    const serverTime = server.clock.now();
    const incarnation = server.isReplica ? null : server.incarnation;
    const elsewhere = key === null ? null : server.elsewhere(key, `${namespace}:${key.toString('hex')}`, isAsking);
    if (elsewhere !== null) return { done: null, serverTime, incarnation, elsewhere };
    const tier = server.tierOf(namespace);
    const isRead = name === 'read' || name === 'time' || name === 'info';
    // MGET answers that nothing is there.
    if (isRead) return { done: { value: await command(tier) }, serverTime, incarnation, elsewhere };
    // A probe has no deadline.
    const isLate = name !== 'probe' && serverTime > deadline;
    const refused = server.refusal(name);
    if (isLate || refused !== null) {
      const reason = isLate ? 'late' : refused?.reason;
      world.note(() => `redis refuses ${name} of ${this.#node.name} on ${shortKey(key)} (${reason})`);
      if (isLate || refused === null) return { done: null, serverTime, incarnation, elsewhere };
      throw refused;
    }
    if (key !== null) meetForeign(server, `${namespace}:${key.toString('hex')}`);
    const value = await command(tier);
    world.note(() => `redis: ${name} of ${this.#node.name} on ${shortKey(key)} = ${String(value)}`);
    this.#redis.changed(server);
    return { done: { value }, serverTime, incarnation, elsewhere };
  }

  #reply(connection: Connection, fail: (failure: TierFailure) => void, cancel: () => void, answer: () => void): void {
    const { world, weather } = this.#redis;
    if (world.random.chance(weather.probability('redis-lost-reply'))) this.#break(connection);
    if (connection.isBroken || this.#redis.isCutFrom(this.#node, connection.server)) return;
    connection.replyAt = Math.max(connection.replyAt, world.now + this.#redis.latency());
    world.at(connection.replyAt - world.now, () =>
      this.#node.deliver(() => {
        connection.readAt = world.now;
        if (!connection.fail.delete(fail)) return;
        cancel();
        answer();
      }),
    );
  }

  /** Nothing gets through any more; the node is notified soon, or notices the silence. */
  #break(connection: Connection): void {
    if (connection.isBroken) return;
    connection.isBroken = true;
    const { world } = this.#redis;
    world.at(world.random.between(0, 2 * PRIMARY_SILENCE_MS), () =>
      this.#node.deliver(() => {
        if (this.#connection === connection) this.#disconnect(new TierFailure('ambiguous', 'ECONNRESET'));
      }),
    );
  }

  #watchSilence(connection: Connection): void {
    const { world } = this.#redis;
    const sentAt = world.now;
    this.#node.after(PRIMARY_SILENCE_MS, () => {
      const isSilent = this.#connection === connection && connection.readAt < sentAt;
      if (isSilent) this.#disconnect(new TierFailure('ambiguous', 'silent'));
    });
  }
}

/** The same copy, which no node believes. */
function doubted(entry: PrimaryEntry): PrimaryEntry {
  if (entry.kind !== 'value') return entry;
  const copy = { ...entry, stamp: { ...entry.stamp, at: 0 } };
  asStored.set(copy, entry);
  return copy;
}

/** The copies that were doubted, as the server holds them. */
const asStored = new WeakMap<PrimaryValue, PrimaryValue>();

/** The script that meets a key of another type deletes it. */
function meetForeign(server: RedisServer, name: string): void {
  if (server.isForeign(name)) server.cure(name);
}
