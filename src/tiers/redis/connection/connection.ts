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
import { decodeEntry } from '../entry-format.ts';
import type { ServerOptions } from '../options/topology.ts';
import type { ScriptedRedis, ScriptName } from './client-settings.ts';
import { Gatherer, type Batch } from './gatherer.ts';
import { RedisLink } from './link.ts';
import { bytesOf, type Mutation, type MutationOutcome } from './mutation.ts';
import { RedisPeer, type PeerOptions } from './peer.ts';
import type { ServerClock } from './server-clock.ts';
import type { ReadOutcome, SharedCommands } from './shared-commands.ts';

export interface ConnectionOptions extends Omit<PeerOptions, 'link' | 'platform'> {
  readonly server: ServerOptions;
  readonly context: TierContext;
  readonly commands: SharedCommands;
}

/** The way to the server that holds the keys. Everything it rejects with is a `TierFailure`. */
export interface ServerConnection {
  /** Settles when the first attempt has, within a bound. Attempts go on after one that failed. */
  open(): Promise<void>;
  vantage(): Vantage | null;
  /** Returns why `vantage()` is null; null while it is not. */
  failure(): TierFailure | null;
  probe(): Promise<void>;
  confirm(): Promise<void>;
  read(key: string): Promise<PrimaryEntry>;
  /** True if the script did what it is for, false if the key held something that forbade it. */
  run(script: ScriptName, key: string, ...args: (Buffer | string)[]): Promise<boolean>;
  close(): void;
}

/** Gathers reads and mutations into commands, and sends them to the peer over the link. */
export class RedisConnection implements ServerConnection {
  readonly #context: TierContext;
  readonly #commands: SharedCommands;
  readonly #link: RedisLink;
  readonly #peer: RedisPeer;
  readonly #reads: Gatherer<string, PrimaryEntry>;
  readonly #mutations: Gatherer<Mutation, boolean>;
  /** The average size of the values that were read last. */
  #valueBytes = 0;
  #settleOpening: (failure: TierFailure | null) => void = () => {};

  constructor({ server, context, commands, ...peer }: ConnectionOptions) {
    this.#context = context;
    this.#commands = commands;
    const { platform } = context;
    this.#link = new RedisLink(server, context, {
      onReady: () => void this.#peer.meet().then((failure) => this.#settleOpening(failure)),
      onEnd: (failure) => {
        this.#settleOpening(failure);
        this.#peer.forget();
      },
    });
    this.#peer = new RedisPeer({ ...peer, link: this.#link, platform });
    this.#reads = new Gatherer({
      whenGathered: (callback) => platform.afterInput(callback),
      requestsMax: SHARED_READ_KEYS_MAX,
      bytesMax: SHARED_READ_BYTES_MAX,
      // The size of a value is not known before it is read: as much as the last ones had.
      bytesOf: () => this.#valueBytes,
      onBegin: (batch) => this.#link.begin(batch),
      send: (batch) => this.#sendReads(batch),
    });
    this.#mutations = new Gatherer({
      whenGathered: (callback) => process.nextTick(callback),
      requestsMax: SHARED_SCRIPT_KEYS_MAX,
      bytesMax: SHARED_SCRIPT_BYTES_MAX,
      bytesOf,
      areAlike: (one, other) => commands.areAlike(one, other),
      send: (batch) => this.#sendMutations(batch),
    });
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
      this.#link.connect();
    });
  }

  vantage(): Vantage | null {
    return this.#peer.vantage();
  }

  failure(): TierFailure | null {
    return this.#peer.failure();
  }

  probe(): Promise<void> {
    return this.#peer.probe();
  }

  confirm(): Promise<void> {
    return this.#peer.confirm();
  }

  read(key: string): Promise<PrimaryEntry> {
    return this.#reads.call(key);
  }

  run(script: ScriptName, key: string, ...args: (Buffer | string)[]): Promise<boolean> {
    return this.#mutations.call({ script, key, args });
  }

  /** True if a connection is up, whether the server may serve or not. */
  get isConnected(): boolean {
    return this.#link.isReady;
  }

  /** Sends a command that says nothing about keys. Rejects if it is not answered within the timeout. */
  ask<T>(send: (redis: ScriptedRedis) => Promise<T>): Promise<T> {
    this.#link.requireReady();
    return this.#link.ask(send);
  }

  /** Sends commands by themselves, with the server's clock. Rejects if they are not answered within the timeout. */
  async askWithClock<T>(send: (redis: ScriptedRedis, clock: ServerClock) => Promise<T>): Promise<T> {
    const clock = await this.#usableClock();
    return this.#link.ask((redis) => send(redis, clock));
  }

  /** Gives the connection up for this failure; another attempt follows. */
  reject(failure: TierFailure): void {
    this.#link.reject(failure);
    this.#peer.forget();
  }

  close(): void {
    this.#link.close();
  }

  #sendReads(batch: Batch<string, PrimaryEntry>): void {
    if (batch.isSettled) return;
    const send = (): Promise<readonly ReadOutcome[]> => {
      this.#peer.clock();
      return this.#commands.read(this.#link.redis, batch.requests);
    };
    this.#link.follow(batch, send, (values) => {
      this.#valueBytes = values.reduce((sum, value) => sum + sizeOf(value), 0) / values.length;
      batch.settle(values.map((value) => (value instanceof TierFailure ? value : decodeEntry(value))));
    });
  }

  #sendMutations(batch: Batch<Mutation, boolean>): void {
    const settle = (outcomes: readonly MutationOutcome[]): void => {
      batch.settle(outcomes);
      // ioredis looks for it in errors that are the whole answer.
      const isReplica = outcomes.some((outcome) => outcome instanceof TierFailure && outcome.reason === 'READONLY');
      if (isReplica) this.#link.drop();
    };
    this.#link.follow(batch, () => this.#runScript(batch), settle);
  }

  async #runScript(batch: Batch<Mutation, boolean>): Promise<readonly MutationOutcome[]> {
    const { platform, timeoutMs } = this.#context;
    this.#peer.clock();
    this.#link.begin(batch);
    const clock = await this.#usableClock();
    const waitedMs = this.#link.waited(batch);
    if (waitedMs === undefined) throw new TierFailure('not-sent', 'deadline');
    const sentAt = platform.monotonic();
    // Nothing may be executed any more once it has failed as late for its callers.
    const deadline = clock.earliest(sentAt) + timeoutMs - Math.ceil(waitedMs);
    const { serverTime, outcomes } = await this.#commands.run(this.#link.redis, batch.requests, deadline);
    const isTimed = serverTime !== null && !batch.isSettled;
    if (isTimed) clock.learn({ serverTime, sentAt, receivedAt: platform.monotonic() });
    return outcomes;
  }

  /** The server's clock, read anew if what is known of it is too old to set a deadline. */
  async #usableClock(): Promise<ServerClock> {
    const { platform, timeoutMs } = this.#context;
    const known = this.#peer.clock();
    return known.canTime(timeoutMs, platform.monotonic()) ? known : await this.#peer.readClock();
  }
}

function sizeOf(value: ReadOutcome): number {
  return value === null || value instanceof TierFailure ? 0 : value.length;
}
