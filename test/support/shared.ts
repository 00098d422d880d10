import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import {
  type DatabaseProvider,
  migrate,
  type OpenOptions,
  openPrisma,
  type OpenedPrisma,
} from './servers/databases.ts';
import { askFor } from './servers/lazy-server.ts';
import { createMariadbDatabase, dropMariadbDatabase, type MariadbCoordinates } from './servers/mariadb.ts';
import { createDatabase, dropDatabase, type PostgresCoordinates } from './servers/postgres.ts';
import type { RedisCoordinates } from './servers/redis.ts';
import { startSqlite } from './servers/sqlite.ts';
import './global-setup.ts';

/** The Redis of this run. It is shared: never flush, pause or kill it; start your own for that. */
export const sharedRedis = (): RedisCoordinates => inject('redis');

/** The PostgreSQL of this run, shared likewise. */
export const sharedPostgres = (): PostgresCoordinates => inject('postgres');

/** The MariaDB of this run, shared likewise; it is started when the first test asks. */
export const sharedMariadb = (): Promise<MariadbCoordinates> => askFor<MariadbCoordinates>(inject('mariadb'));

/** A namespace that no other test has, and that the shared server's user may write under. */
export const uniqueNamespace = (): string => `t${randomBytes(6).toString('hex')}`;

export interface FreshDatabase extends OpenedPrisma {
  readonly provider: DatabaseProvider;
  readonly url: string;
  readonly ca: string | undefined;
  /** One more client of the same database, as another node would have. */
  open(more?: OpenOptions): Promise<OpenedPrisma>;
}

/** A database with the session table and nothing in it, and a Prisma client for it. Closing removes it. */
export async function freshDatabase(
  provider: DatabaseProvider,
  { partitions }: Pick<OpenOptions, 'partitions'> = {},
): Promise<FreshDatabase> {
  const { url, ca, remove } = await empties[provider]();
  const options = ca === undefined ? {} : { ca };
  await migrate(provider, url, { ...options, ...(partitions !== undefined && { partitions }) });
  const opened: OpenedPrisma[] = [];
  const open = async (more: OpenOptions = {}): Promise<OpenedPrisma> => {
    const client = await openPrisma(provider, url, { ...options, ...more });
    opened.push(client);
    return client;
  };
  const { prisma } = await open();
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((client) => client.close()));
    await remove();
  };
  return { provider, url, ca, prisma, open, close, [Symbol.asyncDispose]: close };
}

interface EmptyDatabase {
  readonly url: string;
  readonly ca: string | undefined;
  remove(): Promise<void>;
}

const empties: Record<DatabaseProvider, () => Promise<EmptyDatabase>> = {
  mysql: emptyMariadb,
  postgresql: emptyPostgres,
  sqlite: emptySqlite,
};

async function emptyMariadb(): Promise<EmptyDatabase> {
  const server = await sharedMariadb();
  const name = `t${randomBytes(6).toString('hex')}`;
  const url = await createMariadbDatabase(server, name);
  return { url, ca: server.ca, remove: () => dropMariadbDatabase(server, name) };
}

async function emptySqlite(): Promise<EmptyDatabase> {
  const file = await startSqlite();
  return { url: file.url, ca: undefined, remove: () => file.stop() };
}

async function emptyPostgres(): Promise<EmptyDatabase> {
  const server = sharedPostgres();
  const name = `t${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(server, name);
  return { url, ca: server.ca, remove: () => dropDatabase(server, name) };
}
