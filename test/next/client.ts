import type { RequestSession } from 'holdfast/next';
import { KeyRing, SessionClient, type Duration } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { initial, shopRoutes, type Shop } from '../http/support/shop.ts';
import type { Servers } from '../http/support/subject.ts';
import { respond } from '../http/support/web-answer.ts';
import { redisTierFor } from '../support/real-client.ts';
import { openPrisma } from '../support/servers/databases.ts';

/*
 * Loaded before Next starts (`node --import`): makes the site's client, from the sources, on `globalThis`. The site itself is built
 * from the package, so that two copies of the library meet, as they do in every Next application.
 */
export interface SiteServers extends Servers {
  readonly durableTimeout?: Duration;
}

/** What the site finds on `globalThis.shop`. */
export interface ShopOfSite {
  readonly sessions: SessionClient<Shop>;
  readonly initial: () => Shop;
  /** Answers by the routes of the HTTP contract. */
  readonly respond: (request: Request, session: RequestSession<Shop>) => Promise<Response>;
}

const { redis, database, namespace, ring, ...more } = JSON.parse(process.env['SITE_SERVERS'] ?? '') as SiteServers;
const { prisma } = await openPrisma('postgresql', database.url, database.ca === undefined ? {} : { ca: database.ca });
const sessions = new SessionClient<Shop>({
  keys: KeyRing.fromJwks(ring),
  namespace,
  primary: redisTierFor(redis),
  durable: prismaTier(prisma, { provider: 'postgresql' }),
  ...more,
});
await sessions.ready();

const shared = globalThis as typeof globalThis & { shop?: ShopOfSite };
shared.shop = { sessions, initial, respond: (request, session) => respond(shopRoutes, request, session) };
