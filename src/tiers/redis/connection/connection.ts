import { TierFailure } from '../../../errors.ts';
import {
  PRIMARY_CONNECT_TIMEOUT_MS,
  SHARED_READ_BYTES_MAX,
  SHARED_READ_KEYS_MAX,
  SHARED_SCRIPT_BYTES_MAX,
  SHARED_SCRIPT_KEYS_MAX,
} from '../../../limits/primary-tier.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEntry, Vantage } from '../../primary.ts';
import type { ScriptName, ScriptedRedis } from './client-settings.ts';
import { decodeEntry } from '../entry-format.ts';
import { toTierFailure } from './failure.ts';
import { Gatherer, type Batch } from './gatherer.ts';
import { InFlight } from './in-flight.ts';
import { bytesOf, readAnswer, scriptCall, type Mutation, type MutationOutcome } from './mutation.ts';
import { ReconnectingClient } from './reconnecting-client.ts';
import type { ResolvedRedisOptions } from '../options/redis-options.ts';
import { ServerClock, toMilliseconds, type ClockSample } from './server-clock.ts';
import { servingIncarnation, serverTimeOf } from './server-info.ts';

const PROBE_TTL_MS = 1_000;
/** Sections of INFO that say which life of the server this is; all of them take the server as long again. */
const IDENTITY = ['server', 'replication'] as const;

/** What is known of the server at the other end of the present connection, and of no other. */
interface Peer {
  readonly incarnation: string;
  readonly clock: ServerClock;
}

/** Learns who is at the other end of a connection, and sends it commands. Everything that leaves is a `TierFailure`. */
export class RedisConnection {
  readonly #client: ReconnectingClient;
  readonly #redis: ScriptedRedis;
  readonly #context: TierContext;
  readonly #probeKey: string;
  readonly #onChange: () => void;
  readonly #inFlight: InFlight;
  readonly #reads: Gatherer<string, PrimaryEntry>;
  readonly #mutations: Gatherer<Mutation, boolean>;
  /** Of the values that were read last, on average. */
  #valueBytes = 0;
  #peer: Peer | null = null;
  /** Told apart by number: an answer of an earlier connection says nothing about this one. */
  #epoch = 0;
  #wasUsable = false;
  #settleOpening: (failure: TierFailure | null) => void = () => {};

  constructor(options: ResolvedRedisOptions, context: TierContext, probeKey: string, onChange: () => void) {
    this.#context = context;
    this.#probeKey = probeKey;
    this.#onChange = onChange;
    this.#inFlight = new InFlight(context, () => this.#giveUp());
    this.#reads = new Gatherer({
      whenGathered: (callback) => context.platform.afterInput(callback),
      requestsMax: SHARED_READ_KEYS_MAX,
      bytesMax: SHARED_READ_BYTES_MAX,
      // How much a value weighs nobody knows before it is read: as much as the last ones did.
      bytesOf: () => this.#valueBytes,
      onBegin: (batch) => this.#inFlight.begin(batch),
      send: (batch) => this.#sendReads(batch),
    });
    this.#mutations = new Gatherer({
      whenGathered: (callback) => process.nextTick(callback),
      requestsMax: SHARED_SCRIPT_KEYS_MAX,
      bytesMax: SHARED_SCRIPT_BYTES_MAX,
      bytesOf,
      areAlike: (one, other) => one.script === other.script,
      send: (batch) => this.#sendMutations(batch),
    });
    this.#client = new ReconnectingClient(options, context.platform, {
      // A server that froze during the handshake says nothing more, and there is no command to give up yet.
      onConnect: () => this.#inFlight.wonder(),
      onReady: () => void this.#meet(),
      onEnd: (failure) => this.#lose(failure),
    });
    this.#redis = this.#client.redis;
  }

  /** Settles when the first attempt has, and within the time that a handshake and a command may take. */
  open(): Promise<void> {
    const { platform, timeoutMs } = this.#context;
    return new Promise((resolve, reject) => {
      const onTimeout = (): void => this.#settleOpening(new TierFailure('ambiguous', 'deadline'));
      const cancel = platform.after(PRIMARY_CONNECT_TIMEOUT_MS + timeoutMs, () => platform.afterInput(onTimeout));
      this.#settleOpening = (failure) => {
        cancel();
        this.#settleOpening = () => {};
        if (failure === null) resolve();
        else reject(failure);
      };
      this.#client.connect();
    });
  }

  vantage(): Vantage | null {
    if (this.#peer === null || !this.#client.isReady) return null;
    const { incarnation, clock } = this.#peer;
    const now = this.#context.platform.monotonic();
    return { incarnation, earliest: clock.earliest(now), latest: clock.latest(now) };
  }

  /** Why `vantage()` is null; null while it is not. */
  failure(): TierFailure | null {
    return this.vantage() === null ? this.#client.lastFailure : null;
  }

  /** All at once, in one round trip: who is there, what time it is, whether reads and scripts that write are answered. */
  async probe(): Promise<void> {
    const { platform } = this.#context;
    this.#requireSocket();
    const epoch = this.#epoch;
    const sentAt = platform.monotonic();
    const answers = await Promise.allSettled([
      this.#inFlight.bounded(() => this.#redis.info(...IDENTITY, 'persistence')),
      this.#inFlight.bounded(() => this.#redis.time()),
      this.#inFlight.bounded(() => this.#redis.mget(this.#probeKey)),
      // Twice: ioredis sends the first on each connection as EVAL, the others as EVALSHA, and each needs its grant.
      this.#inFlight.bounded(() => this.#redis.holdfastProbe(1, this.#probeKey, String(PROBE_TTL_MS))),
      this.#inFlight.bounded(() => this.#redis.holdfastProbe(1, this.#probeKey, String(PROBE_TTL_MS))),
    ]);
    const receivedAt = platform.monotonic();
    const [info, time, ...rest] = answers;
    if (epoch !== this.#epoch) throw this.#client.lastFailure ?? new TierFailure('ambiguous', 'closed');
    this.#recognise(valueOf(info), { serverTime: toMilliseconds(valueOf(time)), sentAt, receivedAt });
    for (const answer of rest) valueOf(answer);
  }

  /** Asks which life of the server this is, and its time. Another life is met on another connection. */
  async confirm(): Promise<void> {
    const { platform } = this.#context;
    const asked = this.#requirePeer();
    const sentAt = platform.monotonic();
    const info = await this.#inFlight.bounded(() => this.#redis.info(...IDENTITY));
    const receivedAt = platform.monotonic();
    if (this.#peer !== asked) throw this.#unreachable();
    if (this.#requireServing(info) !== asked.incarnation)
      throw this.#turnAway(new TierFailure('rejected', 'another-life'));
    const serverTime = serverTimeOf(info);
    if (serverTime !== null) asked.clock.learn({ serverTime, sentAt, receivedAt });
  }

  read(key: string): Promise<PrimaryEntry> {
    return this.#reads.call(key);
  }

  /** True if the script did what it is for, false if the key held something that forbade it. */
  run(script: ScriptName, key: string, ...args: (Buffer | string)[]): Promise<boolean> {
    return this.#mutations.call({ script, key, args });
  }

  close(): void {
    this.#settleOpening(new TierFailure('not-sent', 'closed'));
    this.#client.close();
    this.#forget();
  }

  /** A connection is up. Its server is used only once it has said who it is. */
  async #meet(): Promise<void> {
    this.#inFlight.hear();
    const epoch = this.#epoch;
    try {
      // ioredis reports a SELECT that was refused and goes on, in database 0.
      const refusal = this.#client.attemptFailure;
      if (refusal !== null) throw refusal;
      await this.probe();
      this.#settleOpening(null);
    } catch (error) {
      if (epoch !== this.#epoch) return;
      const failure = toTierFailure(error);
      this.#client.remember(failure);
      this.#settleOpening(failure);
      // A server that may serve but refuses writes (full, or its disk is) stays connected: the breaker asks it again.
      if (this.#peer === null || failure.kind === 'misconfigured') this.#client.drop();
    }
  }

  #sendReads(batch: Batch<string, PrimaryEntry>): void {
    if (batch.isSettled) return;
    const send = (): Promise<(Buffer | null)[]> => {
      this.#requirePeer();
      return this.#redis.mgetBuffer(batch.requests);
    };
    void this.#inFlight.follow(batch, send, (values) => {
      this.#valueBytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0) / values.length;
      batch.settle(values.map(decodeEntry));
    });
  }

  #sendMutations(batch: Batch<Mutation, boolean>): void {
    const settle = (outcomes: readonly MutationOutcome[]): void => {
      batch.settle(outcomes);
      // ioredis looks for it in errors that are the whole answer.
      const isReplica = outcomes.some((outcome) => outcome instanceof TierFailure && outcome.reason === 'READONLY');
      if (isReplica) this.#client.drop();
    };
    void this.#inFlight.follow(batch, () => this.#runScript(batch), settle);
  }

  async #runScript(batch: Batch<Mutation, boolean>): Promise<readonly MutationOutcome[]> {
    const { platform, timeoutMs } = this.#context;
    const known = this.#requirePeer().clock;
    this.#inFlight.begin(batch);
    const clock = known.canTime(timeoutMs, platform.monotonic()) ? known : await this.#askTime();
    const waitedMs = this.#inFlight.waited(batch);
    if (waitedMs === undefined) throw new TierFailure('not-sent', 'deadline');
    const sentAt = platform.monotonic();
    // Nothing is to be executed any more once its callers were told that it is late.
    const { script, args } = scriptCall(batch.requests, clock.earliest(sentAt) + timeoutMs - Math.ceil(waitedMs));
    const { serverTime, outcomes } = readAnswer(String(await this.#redis[script](...args)));
    if (!batch.isSettled) clock.learn({ serverTime, sentAt, receivedAt: platform.monotonic() });
    return outcomes;
  }

  #recognise(info: string, sample: ClockSample): void {
    const incarnation = this.#requireServing(info);
    if (this.#peer?.incarnation === incarnation) this.#peer.clock.learn(sample);
    else this.#peer = { incarnation, clock: new ServerClock(sample) };
    this.#client.accept();
    this.#notify();
  }

  #requireServing(info: string): string {
    try {
      return servingIncarnation(info);
    } catch (error) {
      throw this.#turnAway(toTierFailure(error));
    }
  }

  /** The name may lead to another server by the next attempt: the one that took over. */
  #turnAway(failure: TierFailure): TierFailure {
    this.#client.remember(failure);
    this.#client.drop();
    this.#peer = null;
    this.#notify();
    return failure;
  }

  #lose(failure: TierFailure): void {
    this.#settleOpening(failure);
    this.#forget();
  }

  #forget(): void {
    this.#epoch += 1;
    this.#inFlight.hear();
    this.#peer = null;
    this.#notify();
  }

  #notify(): void {
    const isUsable = this.vantage() !== null;
    if (isUsable === this.#wasUsable) return;
    this.#wasUsable = isUsable;
    this.#onChange();
  }

  #requirePeer(): Peer {
    this.#requireSocket();
    if (this.#peer === null) throw this.#unreachable();
    return this.#peer;
  }

  #requireSocket(): void {
    if (!this.#client.isReady) throw this.#unreachable();
  }

  /** The reason is why the connection is down: "not connected" would hide an expired certificate. */
  #unreachable(): TierFailure {
    const { reason, advice } = this.#client.lastFailure ?? { reason: 'not-connected' };
    return new TierFailure('not-sent', reason, advice);
  }

  /** The clock of the server that is there when it has told its time. */
  async #askTime(): Promise<ServerClock> {
    const { platform } = this.#context;
    const asked = this.#requirePeer().clock;
    const sentAt = platform.monotonic();
    const serverTime = toMilliseconds(await this.#inFlight.bounded(() => this.#redis.time()));
    asked.learn({ serverTime, sentAt, receivedAt: platform.monotonic() });
    return this.#requirePeer().clock;
  }

  #giveUp(): void {
    this.#client.remember(new TierFailure('ambiguous', 'silent'));
    this.#client.drop();
  }
}

function valueOf<T>(answer: PromiseSettledResult<T>): T {
  if (answer.status === 'rejected') throw toTierFailure(answer.reason);
  return answer.value;
}
