import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { pgOptions } from './servers/postgres.ts';
import type { RedisCoordinates } from './servers/redis.ts';

/** All that a process needs to open an old store. */
export type OldStoreOrders =
  | { readonly kind: 'connect-pg-simple'; readonly url: string; readonly ca: string }
  | { readonly kind: 'connect-redis'; readonly redis: RedisCoordinates; readonly prefix: string };

export interface OldStoreClient {
  readonly store: session.Store;
  /** How many sessions it has. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** A real store of express-session, as its README sets it up, with TLS. */
export function openOldStore(orders: OldStoreOrders): Promise<OldStoreClient> {
  return orders.kind === 'connect-redis' ? openConnectRedis(orders) : openConnectPgSimple(orders);
}

async function openConnectRedis({
  redis,
  prefix,
}: OldStoreOrders & { readonly kind: 'connect-redis' }): Promise<OldStoreClient> {
  const { host, port, ca, admin } = redis;
  const { username, password } = admin;
  const client = createClient({ username, password, socket: { host, port, tls: true as const, ca: ca ?? '' } });
  client.on('error', () => {});
  await client.connect();
  const store = new RedisStore({ client, prefix });
  return { store, count: () => store.length() as Promise<number>, close: async () => client.destroy() };
}

async function openConnectPgSimple({
  url,
  ca,
}: OldStoreOrders & { readonly kind: 'connect-pg-simple' }): Promise<OldStoreClient> {
  const pool = new Pool(pgOptions(url, ca));
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
    },
  };
}
