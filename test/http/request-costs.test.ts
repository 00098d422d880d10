import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SessionClient } from '../../src/index.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { interceptDurable, interceptPrimary } from '../support/intercepted-tiers.ts';
import { redisTierFor } from '../support/real-client.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedRedis, uniqueNamespace, type FreshDatabase } from '../support/shared.ts';
import { Browser } from './support/browser.ts';
import type { Shop } from './support/shop.ts';
import { applicationOf, shopClient } from './support/stand.ts';
import type { Site } from './support/subject.ts';
import { subjects } from './subjects/all.ts';

/** What a node does by itself, whether there are requests or not. */
const OF_THE_NODE = [
  'confirm',
  'feed.read',
  'fleet.heartbeat',
  'fleet.nameMasters',
  'fleet.raiseRing',
  'fleet.read',
  'open',
  'probe',
  'upkeep.claimSweep',
];
const MADE_UP = 50;

const primary = interceptPrimary(redisTierFor(sharedRedis()));
let durable: ReturnType<typeof interceptDurable>;
let database: FreshDatabase;
/** The node whose commands and statements are counted, and another one, on which the users sign in. */
let counted: SessionClient<Shop>;
let other: SessionClient<Shop>;
let sites: { readonly name: string; readonly site: Site; readonly otherSite: Site }[];

beforeAll(async () => {
  database = await freshDatabase('postgresql');
  const tier = () => prismaTier(database.prisma, { provider: 'postgresql' });
  durable = interceptDurable(tier());
  const namespace = uniqueNamespace();
  [counted, other] = await Promise.all([
    shopClient({ namespace, primary: primary.tier, durable: durable.tier }),
    shopClient({ namespace, primary: redisTierFor(sharedRedis()), durable: tier() }),
  ]);
  sites = await Promise.all(
    subjects.map(async ({ name, start }) => ({
      name,
      site: await start(applicationOf(counted)),
      otherSite: await start(applicationOf(other)),
    })),
  );
});

afterAll(async () => {
  await Promise.all(sites.flatMap(({ site, otherSite }) => [site.close(), otherSite.close()]));
  await Promise.all([counted.close(), other.close()]);
  await database.close();
});

/** The commands and statements so far. */
function calls(): string[] {
  const [commands, statements] = [primary.calls, durable.calls].map((all) =>
    all.filter((name) => !OF_THE_NODE.includes(name)),
  );
  return [...commands!.map((name) => `Redis: ${name}`), ...statements!.map((name) => `SQL: ${name}`)];
}

async function costOf(visit: () => Promise<unknown>): Promise<string[]> {
  primary.calls.length = 0;
  durable.calls.length = 0;
  await visit();
  return calls();
}

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const madeUp = (n: number): string => characters[n % 64]!.repeat(43);

it('a cookie that is made up or altered, a visitor without one, and a page that asks for no session cost no command of Redis and no statement', async () => {
  const real: string[] = [];
  for (const { name, site, otherSite } of sites) {
    const browser = new Browser([otherSite]);
    await browser.post('/login?user=u_42');
    const [id = '', mac = ''] = browser.cookie()!.split('.');
    real.push(browser.cookie()!);
    const cookies = [
      ...Array.from({ length: MADE_UP }, (_, n) => `${madeUp(n)}.${madeUp(n + 1)}`),
      `${id}.${mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      `${madeUp(0)}.${mac}`,
      id,
      `${id}.`,
      `${id}.${mac}x`,
    ];
    for (const cookie of cookies) {
      const reply = await new Browser([site], [['__Host-sid', cookie]]).get('/me');
      expect([reply.status, reply.body, reply.cookies], name).toEqual([200, 'null', []]);
    }
    const out = await new Browser([site], [['__Host-sid', `${madeUp(1)}.${madeUp(2)}`]]).post('/logout');
    expect(out.status, name).toBe(204);
    expect((await new Browser([site]).get('/me')).status, name).toBe(200);
    expect((await new Browser([site], [['__Host-sid', browser.cookie()!]]).get('/')).status, name).toBe(200);
  }
  expect(calls()).toEqual([]);
  // A real one is seen, or the count would mean nothing.
  expect(await costOf(() => new Browser([sites[0]!.site], [['__Host-sid', real[0]!]]).get('/me'))).not.toEqual([]);
});

it('a page of a signed-in user costs one command of Redis and no statement', async () => {
  for (const { name, site } of sites) {
    const browser = new Browser([site]);
    await browser.post('/login?user=u_42');
    // After the write Redis has to be filled; and where the machine is slow, a hedge asks the database too.
    await until(async () => (await costOf(() => browser.get('/me'))).join() === 'Redis: read', {
      what: `${name}: one command`,
    });
  }
});
