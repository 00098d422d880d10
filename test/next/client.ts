import type { SessionClient } from '../../src/index.ts';
import { realClient, type Shop } from '../support/real-client.ts';
import { openPrisma } from '../support/servers/databases.ts';
import type { RedisCoordinates } from '../support/servers/redis.ts';

/*
 * Loaded before Next starts (`node --import`): makes the site's client, from the sources, on `globalThis`. The site itself is built
 * from the package, so that two copies of the library meet, as they do in every Next application.
 */
export interface SiteServers {
  readonly redis: Pick<RedisCoordinates, 'ca' | 'password' | 'port' | 'username'>;
  readonly database: { readonly url: string; readonly ca: string | undefined };
  readonly namespace: string;
}

const { redis, database, namespace } = JSON.parse(process.env['SITE_SERVERS'] ?? '') as SiteServers;
const { prisma } = await openPrisma('postgresql', database.url, database.ca === undefined ? {} : { ca: database.ca });
const shared = globalThis as typeof globalThis & { shop?: SessionClient<Shop> };
shared.shop = await realClient({
  redis,
  database: { prisma, provider: 'postgresql' },
  namespace,
  durableTimeout: '500ms',
});
await shared.shop.ready();
