import { generateKeyRing, type KeyRing, SessionClient, type SessionClientOptions } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTier } from '../../src/tiers/redis/index.ts';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../test/support/generated/postgresql/client.ts';
import { migrate } from '../../test/support/servers/databases.ts';
import { poolOptions } from './pool.ts';
import type { Servers } from '../servers.ts';
import type { SessionData } from '../session-data.ts';
import type { Store } from './store.ts';

export type BenchClient = SessionClient<SessionData>;

/** All clients of one run read one another's sessions. */
export const keyRing: KeyRing = await generateKeyRing();

export interface Database {
  readonly url: string;
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/** A database with our table, and the application's Prisma client for it. */
export async function openDatabase(servers: Servers, name: string): Promise<Database> {
  const url = await servers.newDatabase(name);
  const { ca } = servers.postgres;
  await migrate('postgresql', url, { ca });
  const prisma = new PrismaClient({ adapter: new PrismaPg(poolOptions(url, ca)) });
  return { url, prisma, close: () => prisma.$disconnect() };
}

export interface ClientOptions extends Partial<SessionClientOptions<SessionData>> {
  /** Where the client looks for Redis. @defaultValue where it is */
  readonly redisPort?: number;
}

/** A client with the library's defaults but for what `options` says. */
export async function openClient(
  { redis }: Pick<Servers, 'redis'>,
  database: Database,
  { redisPort = redis.port, ...options }: ClientOptions = {},
): Promise<BenchClient> {
  const { username, password, ca = '' } = redis;
  const sessions = new SessionClient<SessionData>({
    keys: keyRing,
    primary: redisTier({ url: `rediss://${redis.host}:${redisPort}`, username, password, tls: { ca } }),
    durable: prismaTier(database.prisma, { provider: 'postgresql' }),
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
