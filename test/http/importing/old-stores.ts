import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { Pool } from 'pg';
import { createClient } from 'redis';
import type { OldStore } from '../../../src/http/import/import-store.ts';
import { pgOptions } from '../../support/servers/postgres.ts';
import type { RedisCoordinates } from '../../support/servers/redis.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

/** A real store of express-session on a real server. */
export interface OpenedOldStore {
  readonly store: session.Store & OldStore;
  /** How many sessions it has. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export const oldStores: readonly (readonly [name: string, open: () => Promise<OpenedOldStore>])[] = [
  ['connect-redis', () => openConnectRedis(sharedRedis())],
  ['connect-pg-simple', openConnectPgSimple],
];

/** As its README sets it up, with TLS. */
export async function openConnectRedis({ host, port, ca, admin }: RedisCoordinates): Promise<OpenedOldStore> {
  const { username, password } = admin;
  const client = createClient({ username, password, socket: { host, port, tls: true as const, ca: ca ?? '' } });
  client.on('error', () => {});
  await client.connect();
  const store = new RedisStore({ client, prefix: `${uniqueNamespace()}:` });
  return { store, count: () => store.length() as Promise<number>, close: async () => client.destroy() };
}

async function openConnectPgSimple(): Promise<OpenedOldStore> {
  const database = await freshDatabase('postgresql');
  const pool = new Pool(pgOptions(database.url, database.ca ?? ''));
  // A database that is removed cuts connections off that are about to end.
  pool.on('error', () => {});
  const PgStore = connectPgSimple(session);
  const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  return {
    store,
    async count() {
      const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM session');
      return Number(rows[0]?.count);
    },
    async close() {
      store.close();
      await pool.end();
      await database.close();
    },
  };
}
