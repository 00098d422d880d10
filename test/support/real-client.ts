import { setImmediate as nextTurn } from 'node:timers/promises';
import { generateKeyRing, SessionClient, type SessionClientOptions } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTier } from '../../src/tiers/redis/index.ts';
import type { DatabaseProvider, OpenedPrisma } from './servers/databases.ts';
import type { RedisCoordinates } from './servers/redis.ts';

export interface Shop {
  cart: string[];
}

export interface NodeOptions extends Partial<SessionClientOptions<Shop>> {
  readonly redis: Pick<RedisCoordinates, 'ca' | 'password' | 'port' | 'username'>;
  readonly database: Pick<OpenedPrisma, 'prisma'> & { readonly provider: DatabaseProvider };
}

const ring = generateKeyRing();

/** The tier of a client that reaches this Redis at `port`, which may be a proxy's. */
export function redisTierFor({ ca, password, port, username }: NodeOptions['redis']): ReturnType<typeof redisTier> {
  return redisTier({
    url: `rediss://127.0.0.1:${port}`,
    username,
    password,
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
}

/** A client as an application makes one, over real servers. Every node of a test shares one key ring. */
export async function realClient({ redis, database, ...options }: NodeOptions): Promise<SessionClient<Shop>> {
  return new SessionClient<Shop>({
    keys: await ring,
    primary: redisTierFor(redis),
    durable: prismaTier(database.prisma, { provider: database.provider }),
    ...options,
  });
}

/** How a call ended and how long it took, in milliseconds. */
export interface Timed<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  readonly ms: number;
}

export async function timed<T>(call: () => Promise<T>): Promise<Timed<T>> {
  const start = performance.now();
  try {
    return { value: await call(), error: undefined, ms: performance.now() - start };
  } catch (error) {
    return { value: undefined, error, ms: performance.now() - start };
  }
}

/** Runs `call` from `callers` loops until `stop` is called; answers all that happened. */
export function load<T>(callers: number, call: (caller: number) => Promise<T>): { stop(): Promise<Timed<T>[]> } {
  let isStopped = false;
  const results: Timed<T>[] = [];
  const loops = Array.from({ length: callers }, async (_, caller) => {
    while (!isStopped) {
      const result = await timed(() => call(caller));
      results.push(result);
      // What fails at once, while a tier is given up, would keep this process from all else for ever.
      if (result.error !== undefined) await nextTurn();
    }
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(loops);
      return results;
    },
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
