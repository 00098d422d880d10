import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { Pool } from 'pg';
import type { Servers } from '../servers.ts';
import { poolOptions } from './pool.ts';
import { peerStore, type PeerStore } from './store.ts';

export async function openConnectPgSimple({ postgres }: Pick<Servers, 'postgres'>, url: string): Promise<PeerStore> {
  const pool = new Pool(poolOptions(url, postgres.ca));
  pool.on('error', () => {}); // Likewise: the server may be killed on purpose.
  const PgStore = connectPgSimple(session);
  const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  return peerStore('connect-pg-simple', store, () => pool.end());
}
