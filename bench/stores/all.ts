import type { Servers } from '../servers.ts';
import { openConnectPgSimple } from './connect-pg-simple.ts';
import { openConnectRedis } from './connect-redis.ts';
import { holdfastStore, openClient, openDatabase } from './holdfast.ts';
import { openIronSession } from './iron-session.ts';
import { openPrismaSessionStore } from './prisma-session-store.ts';
import type { Store } from './store.ts';

export const STORE_NAMES = [
  'holdfast',
  'connect-redis',
  'connect-pg-simple',
  'prisma-session-store',
  'iron-session',
] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** `what` names the databases that they get, so that every case has its own. */
export async function openStore(name: StoreName, servers: Servers, what: string): Promise<Store> {
  const database = `${what}_${name.replaceAll('-', '_')}`;
  switch (name) {
    case 'holdfast': {
      const opened = await openDatabase(servers, database);
      const store = holdfastStore(await openClient(servers, opened));
      const close = async (): Promise<void> => {
        await store.close();
        await opened.close();
      };
      return { ...store, close };
    }
    case 'connect-redis':
      return openConnectRedis(servers);
    case 'connect-pg-simple':
      return openConnectPgSimple(servers, await servers.newDatabase(database));
    case 'prisma-session-store':
      return openPrismaSessionStore(servers, await servers.newDatabase(database));
    case 'iron-session':
      return openIronSession();
    default:
      return name satisfies never;
  }
}
