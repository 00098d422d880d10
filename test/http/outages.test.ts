import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type { SessionClient } from '../../src/index.ts';
import { redisTierFor } from '../support/real-client.ts';
import { openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { startRedis, type RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedPostgres, type FreshDatabase } from '../support/shared.ts';
import { Browser, type Reply } from './support/browser.ts';
import type { Seen, Shop } from './support/shop.ts';
import { applicationOf, shopClient } from './support/stand.ts';
import type { Answer, Site } from './support/subject.ts';
import { seenBy } from './support/trials.ts';
import { subjects } from './subjects/all.ts';

/** All subjects at once, over one Redis that is killed and one database that is cut off. */

let redis: RedisServer;
let database: FreshDatabase;
let wire: FaultProxy;
let prisma: OpenedPrisma;
let sessions: SessionClient<Shop>;
/** A site of each subject: one whose errors the framework answers by itself, and one with an error handler of its own. */
let stands: { readonly name: string; readonly site: Site; readonly own: Site }[];

const seenIn = ({ body }: Reply): Seen => JSON.parse(body) as Seen;
const ownAnswer = (error: unknown): Answer => ({
  status: 418,
  body: `${(error as { code?: string }).code} ${(error as { status?: number }).status}`,
});

beforeAll(async () => {
  [redis, database, wire] = await Promise.all([
    startRedis(),
    freshDatabase('postgresql'),
    FaultProxy.start(sharedPostgres()),
  ]);
  const url = new URL(database.url);
  url.port = String(wire.port);
  prisma = await openPrisma('postgresql', url.href, database.ca === undefined ? {} : { ca: database.ca });
  sessions = await shopClient({
    primary: redisTierFor(redis),
    durable: prismaTier(prisma.prisma, { provider: 'postgresql' }),
    durableTimeout: '500ms',
  });
  stands = await Promise.all(
    subjects.map(async ({ name, start }) => ({
      name,
      site: await start(applicationOf(sessions)),
      own: await start(applicationOf(sessions, { onError: ownAnswer })),
    })),
  );
});

afterAll(async () => {
  wire?.heal();
  await Promise.all(stands.flatMap(({ site, own }) => [site.close(), own.close()]));
  await sessions.close();
  await prisma.close();
  await Promise.all([wire.stop(), redis.stop(), database.close()]);
});

const cutDatabase = (): void => {
  wire.set({ refuse: true });
  wire.resetAll();
};
const isDown = (tier: 'durable' | 'primary') =>
  until(
    async () => {
      await sessions.get('A'.repeat(43)).catch(() => undefined);
      return (await sessions.health())[tier].state === 'down';
    },
    { what: `the ${tier} tier to be down` },
  );
const isUp = (tier: 'durable' | 'primary') =>
  until(
    async () => {
      await sessions.get('A'.repeat(43)).catch(() => undefined);
      return (await sessions.health())[tier].state === 'up';
    },
    { what: `the ${tier} tier to be up`, timeoutMs: 20_000 },
  );

async function signedIn(site: Site, user: string): Promise<Browser> {
  const browser = new Browser([site]);
  expect((await browser.post(`/login?user=${user}`)).status).toBe(200);
  expect((await browser.post('/cart?item=A1')).status).toBe(200);
  return browser;
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.allSettled(stops.splice(0).map((stop) => stop())));

/** What a visitor waits before he asks for the next page: enough that failing fast is no flood. */
const PAUSE_MS = 10;

/** Calls again and again until it is stopped; answers what it got. */
function repeat<R>(call: (n: number) => Promise<R>): { readonly results: R[]; stop(): Promise<R[]> } {
  const state = { isStopped: false };
  const results: R[] = [];
  const running = (async () => {
    while (!state.isStopped) {
      results.push(await call(results.length));
      await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
    }
  })();
  running.catch(() => undefined);
  const stop = async (): Promise<R[]> => {
    state.isStopped = true;
    await running;
    return results;
  };
  stops.push(stop);
  return { results, stop };
}

it('Redis is killed and comes back: pages go on, reads and writes alike', async () => {
  const traffic = await Promise.all(
    stands.map(async ({ name, site }) => {
      const browser = await signedIn(site, 'u_42');
      const pages = repeat(async (n) => {
        const reply = n % 2 === 0 ? await browser.get('/me') : await browser.post('/count');
        return reply.status === 200 && seenIn(reply).user === 'u_42' ? 'right' : `${reply.status} ${reply.body}`;
      });
      return { name, browser, pages };
    }),
  );
  const more = (count: number): Promise<unknown> => {
    const lengths = traffic.map(({ pages }) => pages.results.length);
    return until(() => traffic.every(({ pages }, at) => pages.results.length >= lengths[at]! + count), {
      what: 'more pages',
      timeoutMs: 20_000,
    });
  };
  await more(4);
  await redis.kill();
  await isDown('primary');
  await more(10);
  await redis.restart({ wipe: true });
  await isUp('primary');
  await more(4);
  for (const { name, browser, pages } of traffic) {
    const results = await pages.stop();
    expect(
      results.filter((result) => result !== 'right'),
      name,
    ).toEqual([]);
    const writes = results.filter((_, n) => n % 2 === 1).length;
    expect((await seenBy(browser))?.data, name).toMatchObject({ cart: ['A1'], count: writes });
  }
});

it('both tiers are away: 503 with Retry-After, the cookie survives, and afterwards the user is still signed in', async () => {
  const browsers = await Promise.all(stands.map(({ site }) => signedIn(site, 'u_43')));
  const cookies = browsers.map((browser) => browser.cookie());
  await redis.kill();
  cutDatabase();
  await Promise.all([isDown('primary'), isDown('durable')]);
  for (const [at, { name, site, own }] of stands.entries()) {
    const browser = browsers[at]!;
    const visitor = new Browser([site]);
    const refused = [
      await browser.get('/me'),
      await browser.get('/account'),
      await browser.post('/cart?item=B2'),
      await browser.post('/login?user=u_43'),
      await browser.post('/logout-everywhere?keep'),
      await visitor.post('/cart?item=B2'),
      await visitor.post('/login?user=u_44'),
    ];
    for (const reply of refused) {
      const { 'retry-after': retryAfter, 'cache-control': cacheControl } = reply.headers;
      const answer = [reply.status, retryAfter, cacheControl, reply.cookies];
      expect(answer, name).toEqual([503, '2', 'no-store', []]);
    }
    // Who has no session of ours needs no tier.
    const madeUp = { cookie: `__Host-sid=${'A'.repeat(43)}.${'A'.repeat(43)}` };
    for (const reply of [
      await browser.get('/'),
      await visitor.get('/me'),
      await visitor.get('/me', { headers: madeUp }),
    ]) {
      expect(reply.status, name).toBe(200);
    }
    // The application's error handler comes first.
    const answered = await new Browser([own], [['__Host-sid', browser.cookie()!]]).get('/me');
    expect([answered.status, answered.body], name).toEqual([418, 'HOLDFAST_TIER_UNAVAILABLE 503']);
    expect(browser.cookie(), name).toBe(cookies[at]);
  }
  wire.heal();
  await redis.restart({ wipe: true });
  await Promise.all([isUp('primary'), isUp('durable')]);
  for (const [at, { name }] of stands.entries()) {
    expect(await seenBy(browsers[at]!), name).toMatchObject({ user: 'u_43', data: { cart: ['A1'] } });
  }
});

it('the database goes away during writes: each is a 5xx without a cookie, or it is stored', async () => {
  const traffic = await Promise.all(
    stands.map(async ({ name, site }) => {
      const counter = await signedIn(site, 'u_45');
      const counts = repeat(async () => (await counter.post('/count')).status);
      const visits = repeat(async (n) => {
        const browser = new Browser([site]);
        const reply = await browser.post(n % 2 === 0 ? '/login?user=u_46' : '/cart?item=A1');
        return { reply, browser };
      });
      return { name, counter, counts, visits };
    }),
  );
  const each = (isEnough: (replies: readonly Reply[]) => boolean, what: string) =>
    until(() => traffic.every(({ visits }) => isEnough(visits.results.map(({ reply }) => reply))), {
      what,
      timeoutMs: 20_000,
    });
  await each((replies) => replies.length >= 4, 'some writes');
  cutDatabase();
  await each((replies) => replies.filter(({ status }) => status !== 200).length >= 6, 'writes that fail');
  wire.heal();
  await isUp('durable');
  const before = traffic.map(({ visits }) => visits.results.length);
  await until(() => traffic.every(({ visits }, at) => visits.results.length >= before[at]! + 4), {
    what: 'more writes',
  });
  await Promise.all(traffic.flatMap(({ counts, visits }) => [counts.stop(), visits.stop()]));
  for (const { name, counter, counts, visits } of traffic) {
    for (const { reply, browser } of visits.results) {
      if (reply.status === 200) {
        const { handle, user, data } = seenIn(reply);
        expect(await seenBy(browser), name).toMatchObject({ handle, user, data });
      } else {
        expect([reply.status, reply.headers['retry-after'], reply.cookies], name).toEqual([503, '2', []]);
      }
    }
    const statuses = counts.results;
    const acknowledged = statuses.filter((status) => status === 200).length;
    const count = (await seenBy(counter))?.data.count;
    expect(count, name).toBeGreaterThanOrEqual(acknowledged);
    expect(count, name).toBeLessThanOrEqual(statuses.length);
  }
});
