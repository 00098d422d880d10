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
import type { RedisServer } from './redis-server.ts';
import type { SimulatedRedis } from './simulated-redis.ts';
import type { Process } from '../world.ts';

/** As the real tier: after this long without an answer from a script, the server is asked for its time first. */
const CLOCK_AGE_MS_MAX = 30_000;

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

interface Answer<T> {
  /** Null where it came too late. */
  readonly done: { readonly value: T } | null;
  readonly serverTime: number;
  /** Null of a replica. */
  readonly incarnation: string | null;
}

/** One node's connection, with the failures and deadlines of the real tier. */
export class SimulatedConnection implements PrimaryServer {
  readonly name: string = MAIN_SHARD;
  readonly #redis: SimulatedRedis;
  readonly #node: Process;
  #context: TierContext | undefined;
  #onChange: () => void = () => undefined;
  #connection: Connection | null = null;
  #lastFailure = new TierFailure('not-sent', 'not-open');
  #settleOpening: (failure: TierFailure | null) => void = () => undefined;

  constructor(redis: SimulatedRedis, node: Process) {
    this.#redis = redis;
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
    return this.#send('read', storageKey, (tier) => tier.read(storageKey));
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    return this.#run('lease', storageKey, (tier) => tier.lease(storageKey, token, over));
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
    this.#disconnect(new TierFailure('not-sent', 'closed'));
  }

  /** The server has died or is given up: the nodes that it can reach are notified. */
  connectionClosed(server: RedisServer): void {
    const connection = this.#connection;
    if (connection?.server !== server || this.#redis.isCutFrom(this.#node)) return;
    this.#later(() => {
      if (this.#connection === connection) this.#disconnect(new TierFailure('ambiguous', 'ECONNRESET'));
    });
  }

  #latency(): number {
    const { random } = this.#redis.world;
    return 0.05 + this.#redis.slowMs / 2 + this.#redis.latencyMs * random.unit() ** 2;
  }

  #later(run: () => void): void {
    this.#redis.world.at(this.#latency(), () => this.#node.deliver(run));
  }

  #connect(): void {
    const { world } = this.#redis;
    const sentAt = this.#node.monotonic();
    const attempt = (): void => {
      const server = this.#redis.serverOf(this.#node);
      // A frozen server accepts a connection and then says nothing.
      const isSilent = server.isFrozen || this.#redis.isCutFrom(this.#node);
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
      const waitMs = server.isUp && isSilent ? PRIMARY_CONNECT_TIMEOUT_MS : this.#latency();
      this.#node.after(waitMs, () => this.#retry(failure));
    };
    world.at(this.#latency(), attempt);
  }

  #connected(server: RedisServer, incarnation: string, serverTime: number, sentAt: number): void {
    if (this.#context === undefined) return;
    if (!server.isUp || this.#redis.serverOf(this.#node) !== server) {
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
    if (this.#context !== undefined) this.#retry(failure);
  }

  /** A script: it carries a deadline, and its answer carries the server's time. */
  async #run<T>(name: string, key: Buffer | null, command: (tier: PrimaryShard) => Promise<T>): Promise<T> {
    const clock = this.#connection?.clock;
    const isOld = clock !== undefined && clock.age(this.#node.monotonic()) > CLOCK_AGE_MS_MAX;
    if (isOld) await this.#send('time', null, async () => undefined);
    return this.#send(name, key, command);
  }

  #send<T>(name: string, key: Buffer | null, command: (tier: PrimaryShard) => Promise<T>): Promise<T> {
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
      if (connection.isBroken || this.#redis.isCutFrom(this.#node)) return;
      const isLate = random.chance(weather.probability('redis-late'));
      const delayMs = isLate ? random.between(0, 3 * context.timeoutMs) : this.#latency();
      connection.requestAt = Math.max(connection.requestAt, world.now + delayMs);
      const settle = (answer: () => void): void => this.#reply(connection, fail, cancel, answer);
      const receive = ({ done, serverTime, incarnation }: Answer<T>): void => {
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
          void this.#execute(connection.server, name, key, deadline, context.namespace, command).then(
            (answer) => settle(() => receive(answer)),
            (error: unknown) => settle(() => reject(error)),
          );
        }),
      );
    });
  }

  async #execute<T>(
    server: RedisServer,
    name: string,
    key: Buffer | null,
    deadline: number,
    namespace: string,
    command: (tier: PrimaryShard) => Promise<T>,
  ): Promise<Answer<T>> {
    const { world } = this.#redis;
    const serverTime = server.clock.now();
    const incarnation = server.isReplica ? null : server.incarnation;
    const tier = server.tierOf(namespace);
    const isRead = name === 'read' || name === 'time' || name === 'info';
    // MGET answers that nothing is there.
    if (isRead) return { done: { value: await command(tier) }, serverTime, incarnation };
    // A probe has no deadline.
    const isLate = name !== 'probe' && serverTime > deadline;
    const refused = server.refusal(name);
    if (isLate || refused !== null) {
      const reason = isLate ? 'late' : refused?.reason;
      world.note(() => `redis refuses ${name} of ${this.#node.name} on ${shortKey(key)} (${reason})`);
      if (isLate || refused === null) return { done: null, serverTime, incarnation };
      throw refused;
    }
    if (key !== null) meetForeign(server, `${namespace}:${key.toString('hex')}`);
    const value = await command(tier);
    world.note(() => `redis: ${name} of ${this.#node.name} on ${shortKey(key)} = ${String(value)}`);
    this.#redis.changed(server);
    return { done: { value }, serverTime, incarnation };
  }

  #reply(connection: Connection, fail: (failure: TierFailure) => void, cancel: () => void, answer: () => void): void {
    const { world, weather } = this.#redis;
    if (world.random.chance(weather.probability('redis-lost-reply'))) this.#break(connection);
    if (connection.isBroken || this.#redis.isCutFrom(this.#node)) return;
    connection.replyAt = Math.max(connection.replyAt, world.now + this.#latency());
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

/** The script that meets a key of another type deletes it. */
function meetForeign(server: RedisServer, name: string): void {
  if (server.isForeign(name)) server.cure(name);
}
