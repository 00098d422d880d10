import type { SessionClient } from '../../src/index.ts';
import { load, percentile, type Shop } from '../support/real-client.ts';
import { until } from '../support/servers/until.ts';
import { machineTime } from './clock.ts';

/** A read or an update of one session, and how it went. */
export interface TrafficCall {
  readonly session: number;
  readonly at: number;
  readonly ms: number;
  /** Of a read. */
  readonly servedBy: 'durable' | 'primary' | undefined;
  /** Of a read that knew less than what had been acknowledged before: how long before it was asked. Else 0. */
  readonly staleMs: number;
  /** The same client had written that. */
  readonly isOwn: boolean;
}

interface Acknowledged {
  readonly revision: number;
  readonly at: number;
  readonly client: SessionClient<Shop>;
}

/** So many sessions for each caller: one caller after the other would always find the copy that it has just made. */
const SESSIONS_PER_CALLER = 4;
const UPDATE_SHARE = 0.1;
/** A session of 0.8 KB. */
const CART: Shop = { cart: Array.from({ length: 16 }, (_, n) => `an article with a name of some length, number ${n}`) };

/** Callers that each read and update sessions of their own without a pause, through one of several clients at random. */
export class Traffic {
  readonly ids: readonly string[];
  readonly calls: TrafficCall[] = [];
  readonly #callers: number;
  /** The last write of each session. */
  readonly #written: Acknowledged[];
  readonly #clients: readonly SessionClient<Shop>[];
  readonly #load: ReturnType<typeof load<void>>;

  private constructor(clients: readonly SessionClient<Shop>[], ids: readonly string[], callers: number) {
    this.#clients = clients;
    this.#callers = callers;
    this.ids = ids;
    this.#written = ids.map(() => ({ revision: 1, at: machineTime(), client: clients[0]! }));
    this.#load = load(callers, (caller) => this.#call(caller));
  }

  static async start(clients: readonly SessionClient<Shop>[], callers: number): Promise<Traffic> {
    const numbers = Array.from({ length: callers * SESSIONS_PER_CALLER }, (_, n) => n);
    const ids = await Promise.all(numbers.map(async () => (await clients[0]!.create(CART)).id));
    return new Traffic(clients, ids, callers);
  }

  async #call(caller: number): Promise<void> {
    const session = caller + this.#callers * Math.floor(Math.random() * SESSIONS_PER_CALLER);
    const client = this.#clients[Math.floor(Math.random() * this.#clients.length)]!;
    const id = this.ids[session]!;
    const at = machineTime();
    try {
      if (Math.random() < UPDATE_SHARE) {
        const { revision } = await client.update(id, (shop) => void (shop.cart[0] = `visited at ${at}`));
        this.#written[session] = { revision, at: machineTime(), client };
        this.calls.push({ session, at, ms: machineTime() - at, servedBy: undefined, staleMs: 0, isOwn: true });
        return;
      }
      const read = await client.get(id);
      if (read === null) throw new Error('a living session was called missing');
      const { servedBy, revision } = read;
      const written = this.#written[session]!;
      const staleMs = revision < written.revision ? at - written.at : 0;
      this.calls.push({ session, at, ms: machineTime() - at, servedBy, staleMs, isOwn: written.client === client });
    } catch (error) {
      // A caller that fails at once and calls again at once would leave no time for anything else.
      await new Promise((resolve) => setImmediate(resolve));
      throw error;
    }
  }

  /** Waits until the traffic has gone on for so long. */
  async goesOn(ms: number): Promise<void> {
    const from = machineTime();
    await until(() => (this.calls.at(-1)?.at ?? 0) > from + ms, { what: `${ms} ms of traffic`, timeoutMs: 60_000 });
  }

  /** Waits until the last reads of these sessions, one for each caller, were all served by Redis. */
  async isServedByRedis(sessions: ReadonlySet<number> = new Set(this.ids.keys())): Promise<void> {
    const lastReads = (): TrafficCall[] =>
      this.calls
        .slice(-20 * this.#callers)
        .filter(({ session, servedBy }) => servedBy !== undefined && sessions.has(session))
        .slice(-this.#callers);
    const isSo = (): boolean => lastReads().length > 0 && lastReads().every(({ servedBy }) => servedBy === 'primary');
    await until(isSo, { what: 'Redis to serve', timeoutMs: 60_000 });
  }

  between(from: number, to: number): TrafficCall[] {
    return this.calls.filter(({ at, ms }) => at + ms >= from && at < to);
  }

  /** The errors of the calls that failed. */
  async stop(): Promise<unknown[]> {
    const results = await this.#load.stop();
    return results.flatMap(({ error }) => (error === undefined ? [] : [error]));
  }
}

export function describeCalls(calls: readonly TrafficCall[]): string {
  const ms = calls.map((call) => call.ms);
  const at = (share: number): string => percentile(ms, share).toFixed(1);
  const fromRedis = calls.filter(({ servedBy }) => servedBy === 'primary').length;
  const fromDatabase = calls.filter(({ servedBy }) => servedBy === 'durable').length;
  const stale = calls.filter(({ staleMs }) => staleMs > 0);
  const oldest = Math.max(0, ...stale.map(({ staleMs }) => staleMs));
  return `${calls.length} calls, p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms; ${fromRedis} reads from Redis, ${fromDatabase} from the database, ${stale.length} stale, by ${oldest.toFixed(0)} ms at most`;
}
