import { afterAll, beforeAll, expect, it } from 'vitest';
import { addKey, generateKeyRing, keySource, revokeKey, type KeyRing, type SessionClient } from '../../src/index.ts';
import { withPromoted } from '../../src/keys/rotation.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { interceptDurable, interceptPrimary } from '../support/intercepted-tiers.ts';
import { redisTierFor } from '../support/real-client.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedRedis, uniqueNamespace, type FreshDatabase } from '../support/shared.ts';
import { Browser } from './support/browser.ts';
import type { Shop } from './support/shop.ts';
import { applicationOf, shopClient } from './support/stand.ts';
import type { Site } from './support/subject.ts';
import { seenBy } from './support/trials.ts';
import { subjects } from './subjects/all.ts';

/** What a node does by itself, whether there are requests or not. */
const OF_THE_NODE = ['claimSweep', 'confirm', 'heartbeat', 'probe', 'raiseRing', 'readFeed', 'readFleet'];
const MADE_UP = 50;

const primary = interceptPrimary(redisTierFor(sharedRedis()));
let durable: ReturnType<typeof interceptDurable>;
let database: FreshDatabase;
let sessions: SessionClient<Shop>;
let sites: { readonly name: string; readonly site: Site }[];
/** The newest ring, and who is told of it. */
let ring: KeyRing;
let announce = (): void => undefined;

beforeAll(async () => {
  database = await freshDatabase('postgresql');
  durable = interceptDurable(prismaTier(database.prisma, { provider: 'postgresql' }));
  ring = await generateKeyRing();
  const subscribe = (changed: () => void) => {
    announce = changed;
    return () => undefined;
  };
  sessions = await shopClient({
    keys: keySource(() => ring, { subscribe }),
    namespace: uniqueNamespace(),
    primary: primary.tier,
    durable: durable.tier,
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

/** The commands and statements of the requests that `visit` makes. */
async function costOf(visit: () => Promise<unknown>): Promise<string[]> {
  const before = [primary.calls.length, durable.calls.length] as const;
  await visit();
  const calls = [...primary.calls.slice(before[0]), ...durable.calls.slice(before[1])];
  return calls.filter((name) => !OF_THE_NODE.includes(name));
}

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const madeUp = (n: number): string => characters[n % 64]!.repeat(43);

it('a made-up or altered cookie costs no Redis command and no statement', async () => {
  for (const { name, site } of sites) {
    const browser = new Browser([site]);
    await browser.post('/login?user=u_42');
    const [id = '', mac = ''] = browser.cookie()!.split('.');
    // A read of the real one has to be seen, or the count would mean nothing.
    expect(await costOf(() => browser.get('/me')), name).not.toEqual([]);
    const cookies = [
      ...Array.from({ length: MADE_UP }, (_, n) => `${madeUp(n)}.${madeUp(n + 1)}`),
      `${id}.${mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      `${madeUp(0)}.${mac}`,
      id,
      `${id}.`,
      `${id}.${mac}x`,
    ];
    const cost = await costOf(async () => {
      for (const cookie of cookies) {
        const reply = await new Browser([site], [['__Host-sid', cookie]]).get('/me');
        expect([reply.status, reply.body, reply.cookies], name).toEqual([200, 'null', []]);
      }
      const madeUpOut = await new Browser([site], [['__Host-sid', `${madeUp(1)}.${madeUp(2)}`]]).post('/logout');
      expect(madeUpOut.status, name).toBe(204);
    });
    expect(cost, name).toEqual([]);
  }
});

it('whose session a revoked key has ended is a visitor who is signed out, and signs in again', async () => {
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
