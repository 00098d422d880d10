import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, generateKeyRing, keySource, revokeKey, type KeyRing, type SessionClient } from '../../src/index.ts';
import { withPromoted } from '../../src/keys/ring/rotation.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { redisTierFor } from '../support/real-client.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedRedis, uniqueNamespace, type FreshDatabase } from '../support/shared.ts';
import { Browser } from './support/browser.ts';
import type { Shop } from './support/shop.ts';
import { applicationOf, shopClient } from './support/stand.ts';
import type { Site } from './support/subject.ts';
import { seenBy } from './support/trials.ts';
import { subjects } from './subjects/all.ts';

let database: FreshDatabase;
let sessions: SessionClient<Shop>;
let sites: { readonly name: string; readonly site: Site }[];
/** The newest ring, and the subscribers that are notified of it. */
let ring: KeyRing;
let announce = (): void => undefined;

beforeAll(async () => {
  database = await freshDatabase('postgresql');
  ring = await generateKeyRing();
  const subscribe = (changed: () => void) => {
    announce = changed;
    return () => undefined;
  };
  sessions = await shopClient({
    keys: keySource(() => ring, { subscribe }),
    namespace: uniqueNamespace(),
    primary: redisTierFor(sharedRedis()),
    durable: prismaTier(database.prisma, { provider: 'postgresql' }),
  });
  sites = await Promise.all(
    subjects.map(async ({ name, start }) => ({ name, site: await start(applicationOf(sessions)) })),
  );
});

afterAll(async () => {
  await Promise.all(sites.map(({ site }) => site.close()));
  await sessions.close();
  await database.close();
});

it('a user whose session a revoked key has ended is signed out, and signs in again', async () => {
  const browsers = await Promise.all(
    sites.map(async ({ site }) => {
      const browser = new Browser([site]);
      await browser.post('/login?user=u_42');
      return browser;
    }),
  );
  const { kid } = ring.sealingKey;
  ring = revokeKey(withPromoted(await addKey(ring)), { kid });
  announce();
  await until(async () => (await seenBy(browsers[0]!)) === null, { what: 'the new ring to be loaded' });
  for (const [at, { name }] of sites.entries()) {
    const browser = browsers[at]!;
    const page = await browser.get('/me');
    expect([page.status, page.body, page.cookies], name).toEqual([200, 'null', []]);
    expect((await browser.get('/account')).status, name).toBe(401);
    expect((await browser.post('/login?user=u_42')).status, name).toBe(200);
    expect((await seenBy(browser))?.user, name).toBe('u_42');
  }
});
