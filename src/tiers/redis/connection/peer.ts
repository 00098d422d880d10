import { TierFailure } from '../../../errors.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { Vantage } from '../../primary.ts';
import { toTierFailure } from './failure.ts';
import type { RedisLink } from './link.ts';
import { ServerClock, toMilliseconds, type ClockSample } from './server-clock.ts';
import { requireClusterState, requireMode, servingIncarnation, serverTimeOf, type ServerMode } from './server-info.ts';

const CLUSTER_DOWN = 'CLUSTERDOWN';
const PROBE_TTL_MS = 1_000;
/** The sections of INFO that name the incarnation and the role; all sections take the server twice as long. */
const IDENTITY = ['server', 'replication'] as const;

interface Server {
  readonly incarnation: string;
  readonly clock: ServerClock;
}

export interface PeerOptions {
  readonly link: RedisLink;
  readonly platform: Platform;
  /** Returns the key that a probe writes; null where the server has no keys. */
  readonly probeKey: () => string | null;
  readonly mode: ServerMode;
  /** Rejects if this is not the server that it should be. Asked first on each new connection. */
  readonly identify?: () => Promise<void>;
  /** Runs when `vantage()` turns from null or to null. */
  readonly onChange: () => void;
}

/** The server at the other end of the present connection: its incarnation, its clock, and whether it may serve. */
export class RedisPeer {
  readonly #options: PeerOptions;
  readonly #link: RedisLink;
  /** Null until the server has said who it is. */
  #server: Server | null = null;
  #wasUsable = false;
  /** The number of the connection whose server was found to be the one that it should be. */
  #identified = -1;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#link = options.link;
  }

  vantage(): Vantage | null {
    if (this.#server === null || !this.#link.isReady) return null;
    const { incarnation, clock } = this.#server;
    const now = this.#options.platform.monotonic();
    return { incarnation, earliest: clock.earliest(now), latest: clock.latest(now) };
  }

  /** Returns why `vantage()` is null; null while it is not. */
  failure(): TierFailure | null {
    return this.vantage() === null ? this.#link.lastFailure : null;
  }

  /** Learns which server a new connection leads to. Resolves to what is wrong with it, if anything; the connection is then given up. */
  async meet(): Promise<TierFailure | null> {
    const { epoch } = this.#link;
    try {
      // ioredis reports a SELECT that was refused and goes on, in database 0.
      const refusal = this.#link.attemptFailure;
      if (refusal !== null) throw refusal;
      await this.#options.identify?.();
      this.#identified = epoch;
      await this.probe();
      return null;
    } catch (error) {
      const failure = toTierFailure(error);
      if (epoch === this.#link.epoch) this.#doubt(failure);
      return failure;
    }
  }

  /** Asks in one round trip for incarnation and clock, and whether reads and scripts that write are answered. */
  async probe(): Promise<void> {
    const { platform } = this.#options;
    const link = this.#link;
    link.requireReady();
    const { epoch } = link;
    if (this.#identified !== epoch) throw link.unreachable();
    const probeKey = this.#options.probeKey();
    const sentAt = platform.monotonic();
    const answers = await Promise.allSettled([
      link.ask((redis) => redis.info(...IDENTITY, 'persistence', 'cluster')),
      this.#askState(),
      link.ask((redis) => redis.time()),
      // Changes nothing for a key that the server has; without the grant, keys on the move could not be reached.
      ...(this.#options.mode === 'cluster' ? [link.ask((redis) => redis.asking())] : []),
      ...(probeKey === null ? [] : this.#tryCommands(probeKey)),
    ]);
    const receivedAt = platform.monotonic();
    const [info, state, time, ...rest] = answers;
    if (epoch !== link.epoch) throw link.lastFailure ?? new TierFailure('ambiguous', 'closed');
    const text = valueOf(info);
    this.#requireMode(text);
    const incarnation = this.#requireServing(text, valueOf(state));
    this.#recognise(incarnation, { serverTime: toMilliseconds(valueOf(time)), sentAt, receivedAt });
    for (const answer of rest) this.#requireAnswer(answer);
  }

  /** Asks whether the server is still of the incarnation that it was, and its clock. One of another incarnation is met on another connection. */
  async confirm(): Promise<void> {
    const { platform } = this.#options;
    const asked = this.#require();
    const sentAt = platform.monotonic();
    const [info, state] = await Promise.all([this.#link.ask((redis) => redis.info(...IDENTITY)), this.#askState()]);
    const receivedAt = platform.monotonic();
    if (this.#server !== asked) throw this.#link.unreachable();
    if (this.#requireServing(info, state) !== asked.incarnation)
      throw this.#turnAway(new TierFailure('rejected', 'another-incarnation'));
    const serverTime = serverTimeOf(info);
    if (serverTime !== null) asked.clock.learn({ serverTime, sentAt, receivedAt });
  }

  /** The server's clock. Throws while there is no server to use. */
  clock(): ServerClock {
    return this.#require().clock;
  }

  /** The server's clock, once it has been read anew. */
  async readClock(): Promise<ServerClock> {
    const { platform } = this.#options;
    const asked = this.clock();
    const sentAt = platform.monotonic();
    const serverTime = toMilliseconds(await this.#link.ask((redis) => redis.time()));
    asked.learn({ serverTime, sentAt, receivedAt: platform.monotonic() });
    return this.clock();
  }

  /** Notes that the connection has ended. */
  forget(): void {
    this.#server = null;
    this.#notify();
  }

  #require(): Server {
    this.#link.requireReady();
    if (this.#server === null) throw this.#link.unreachable();
    return this.#server;
  }

  #tryCommands(probeKey: string): Promise<unknown>[] {
    const link = this.#link;
    return [
      link.ask((redis) => redis.mget(probeKey)),
      // Twice: ioredis sends the first on each connection as EVAL, the others as EVALSHA, and each needs its grant.
      link.ask((redis) => redis.holdfastProbe(1, probeKey, String(PROBE_TTL_MS))),
      link.ask((redis) => redis.holdfastProbe(1, probeKey, String(PROBE_TTL_MS))),
    ];
  }

  /** The slot of the key may be on its way to another node, which is no mistake of a person: the next probe has another key. */
  #requireAnswer(answer: PromiseSettledResult<unknown>): void {
    if (answer.status === 'fulfilled') return;
    const failure = toTierFailure(answer.reason);
    const isElsewhere = this.#options.mode === 'cluster' && ['ASK', 'MOVED'].includes(failure.reason);
    throw isElsewhere ? new TierFailure('rejected', failure.reason) : failure;
  }

  /** Asks a node of a cluster for the state of the cluster. */
  async #askState(): Promise<string> {
    if (this.#options.mode === 'standalone') return '';
    return this.#link.ask((redis) => redis.cluster('INFO'));
  }

  #requireMode(info: string): void {
    try {
      requireMode(info, this.#options.mode);
    } catch (error) {
      throw this.#turnAway(toTierFailure(error));
    }
  }

  #recognise(incarnation: string, sample: ClockSample): void {
    if (this.#server?.incarnation === incarnation) this.#server.clock.learn(sample);
    else this.#server = { incarnation, clock: new ServerClock(sample) };
    this.#link.accept();
    this.#notify();
  }

  #requireServing(info: string, state: string): string {
    try {
      requireClusterState(state);
      return servingIncarnation(info);
    } catch (error) {
      throw this.#turnAway(toTierFailure(error));
    }
  }

  #turnAway(failure: TierFailure): TierFailure {
    if (failure.reason === CLUSTER_DOWN) this.#link.remember(failure);
    else this.#link.reject(failure);
    this.forget();
    return failure;
  }

  /**
   * A server that may serve but refuses writes (full, or its disk is) stays connected: the breaker asks it again. So does a node whose
   * cluster does not serve: it knows who does when that has changed.
   */
  #doubt(failure: TierFailure): void {
    this.#link.remember(failure);
    if (failure.reason === CLUSTER_DOWN) return;
    if (this.#server === null || failure.kind === 'misconfigured') this.#link.drop();
  }

  #notify(): void {
    const isUsable = this.vantage() !== null;
    if (isUsable === this.#wasUsable) return;
    this.#wasUsable = isUsable;
    this.#options.onChange();
  }
}

function valueOf<T>(answer: PromiseSettledResult<T>): T {
  if (answer.status === 'rejected') throw toTierFailure(answer.reason);
  return answer.value;
}
