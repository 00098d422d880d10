import { Client } from 'pg';
import { pgOptions } from '../../test/support/servers/postgres.ts';
import { until } from '../../test/support/servers/until.ts';
import { inParallel } from '../measure/in-parallel.ts';
import { median } from '../measure/statistics.ts';
import type { Options } from '../options.ts';
import { startServers, type Servers } from '../servers.ts';
import { newSessionData } from '../session-data.ts';
import { openStore, STORE_NAMES, type StoreName } from '../stores/all.ts';
import type { Store } from '../stores/store.ts';

/** The bytes per session; null where the store keeps nothing of the kind. */
export interface MemoryResult {
  readonly store: string;
  /** The growth of `used_memory` divided by the sessions. */
  readonly redisUsed: number | null;
  /** The median of MEMORY USAGE, which leaves out the key table's share. */
  readonly redisKey: number | null;
  /** The table with its indexes and TOAST table, divided by the rows. */
  readonly row: number | null;
  readonly cookie: number;
}

const CALLERS = 64;
const SAMPLED_KEYS = 200;
/** The cookie of a session that lives on the server: ours has 43 characters, express-session signs 32. */
const COOKIE_BYTES: Record<Exclude<StoreName, 'iron-session'>, number> = {
  holdfast: 43,
  'connect-redis': 78,
  'connect-pg-simple': 78,
  'prisma-session-store': 78,
};

/** Measures the room of one session, on servers of its own, since the sessions of other stores would be counted too. */
export async function memory(options: Options): Promise<MemoryResult[]> {
  await using servers = await startServers();
  const results: MemoryResult[] = [];
  for (const name of STORE_NAMES) results.push(await measureStore(name, servers, options.stored));
  return results;
}

async function measureStore(name: StoreName, servers: Servers, count: number): Promise<MemoryResult> {
  const { redis } = servers;
  const store = await openStore(name, servers, 'memory');
  try {
    await redis.cli('FLUSHALL', 'SYNC');
    const usedBefore = await usedMemory(servers);
    const sessions = Array.from({ length: count }, (_, at) => newSessionData(at));
    const ids = await inParallel(sessions, CALLERS, (data) => store.create(data));
    const isInRedis = name === 'holdfast' || name === 'connect-redis';
    if (isInRedis) await untilRedisHasAll(store, ids, servers);
    const used = (await usedMemory(servers)) - usedBefore;
    const isInTable = name !== 'connect-redis' && name !== 'iron-session';
    return {
      store: name,
      redisUsed: isInRedis ? used / count : null,
      redisKey: isInRedis ? await medianKey(servers) : null,
      row: isInTable ? (await tableBytes(servers, `memory_${name.replaceAll('-', '_')}`)) / count : null,
      cookie: name === 'iron-session' ? (ids[0]?.length ?? 0) : COOKIE_BYTES[name],
    };
  } finally {
    await store.close();
  }
}

/**
 * Waits until Redis has every session: ours are stored there in the background when they are read, and not at all if
 * Redis is slow then.
 */
async function untilRedisHasAll(store: Store, ids: readonly string[], { redis }: Servers): Promise<void> {
  const readAll = async (): Promise<boolean> => {
    await inParallel(ids, CALLERS, (id) => store.read(id));
    return Number(await redis.cli('DBSIZE')) >= ids.length;
  };
  await until(readAll, { what: 'Redis to have all', timeoutMs: 60_000 });
}

async function usedMemory({ redis }: Servers): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await redis.cli('INFO', 'memory')))?.[1]);
}

function medianKey({ redis }: Servers): Promise<number> {
  return redis.asAdmin(async (admin) => {
    const sizes: number[] = [];
    for (let at = 0; at < SAMPLED_KEYS; at += 1) {
      const key = await admin.randomkey();
      sizes.push(Number(await admin.memory('USAGE', key ?? '')));
    }
    return median(sizes);
  });
}

/** Returns the bytes of the table that the store has made. */
async function tableBytes({ postgres }: Servers, database: string): Promise<number> {
  const url = new URL(postgres.url);
  url.pathname = `/${database}`;
  const client = new Client(pgOptions(url.href, postgres.ca));
  await client.connect();
  try {
    const { rows } = await client.query<{ bytes: string }>(
      `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
       WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    return Number(rows[0]?.bytes);
  } finally {
    await client.end();
  }
}
