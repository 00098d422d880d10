import type { Store } from 'express-session';
import type { OldStore } from '../../../src/http/import/import-store.ts';
import { openOldStore } from '../../support/old-store-client.ts';
import type { RedisCoordinates } from '../../support/servers/redis.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

/** A real store of express-session on a real server. */
export interface OpenedOldStore {
  readonly store: OldStore & Store;
  /** How many sessions it has. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export const oldStores: readonly (readonly [name: string, open: () => Promise<OpenedOldStore>])[] = [
  ['connect-redis', () => openConnectRedis(sharedRedis())],
  ['connect-pg-simple', openConnectPgSimple],
];

export function openConnectRedis(redis: RedisCoordinates): Promise<OpenedOldStore> {
  return openOldStore({ kind: 'connect-redis', redis, prefix: `${uniqueNamespace()}:` });
}

async function openConnectPgSimple(): Promise<OpenedOldStore> {
  const database = await freshDatabase('postgresql');
  const old = await openOldStore({ kind: 'connect-pg-simple', url: database.url, ca: database.ca ?? '' });
  return {
    ...old,
    async close() {
      await old.close();
      await database.close();
    },
  };
}
