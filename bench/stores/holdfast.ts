import { generateKeyRing, type KeyRing, SessionClient, type SessionClientOptions } from '../../src/index.ts';
import { prismaTier, type PrismaClientLike } from '../../src/tiers/prisma/index.ts';
import { redisTier } from '../../src/tiers/redis/index.ts';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../test/support/generated/postgresql/client.ts';
import { migrate } from '../../test/support/servers/databases.ts';
import type { RedisCoordinates } from '../../test/support/servers/redis.ts';
import { poolOptions } from './pool.ts';
import type { Servers } from '../servers.ts';
import type { SessionData } from '../session-data.ts';
import type { Store } from './store.ts';

export type BenchClient = SessionClient<SessionData>;

/** The key ring of all clients of a run, which read one another's sessions. */
export const keyRing: KeyRing = await generateKeyRing();

export interface Database {
  readonly url: string;
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/** Creates a database with our table, and the application's Prisma client for it. */
export async function openDatabase(servers: Servers, name: string): Promise<Database> {
  return openDatabaseAt(await servers.newDatabase(name), servers.postgres.ca);
}

/** Puts our table into an empty database. */
export async function openDatabaseAt(url: string, ca: string): Promise<Database> {
  await migrate('postgresql', url, { ca });
  const prisma = new PrismaClient({ adapter: new PrismaPg(poolOptions(url, ca)) });
  return { url, prisma, close: () => prisma.$disconnect() };
}

export interface ClientOptions<T = SessionData> extends Partial<SessionClientOptions<T>> {
  /** The port of Redis. @defaultValue its own */
  readonly redisPort?: number;
}

/** Opens a client with the library's defaults and these options. */
export async function openClient<T = SessionData>(
  { redis }: { readonly redis: Pick<RedisCoordinates, 'ca' | 'host' | 'password' | 'port' | 'username'> },
  { prisma }: { readonly prisma: PrismaClientLike },
  { redisPort = redis.port, ...options }: ClientOptions<T> = {},
): Promise<SessionClient<T>> {
  const { username, password, ca = '' } = redis;
  const sessions = new SessionClient<T>({
    keys: keyRing,
    primary: redisTier({ url: `rediss://${redis.host}:${redisPort}`, username, password, tls: { ca } }),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    ...options,
  });
  await sessions.ready();
  return sessions;
}

export function holdfastStore(sessions: BenchClient): Store {
  return {
    name: 'holdfast',
    create: async (data) => (await sessions.create(data, { userId: data.userId })).id,
    read: async (id) => (await sessions.get(id))?.data ?? null,
    update: async (id) => void (await sessions.update(id, countVisit)),
    destroy: async (id) => void (await sessions.destroy(id)),
    close: () => sessions.close(),
  };
}

export function countVisit(data: SessionData): void {
  data.visits += 1;
}
