import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from '../support/servers/redis.ts';
import { sharedRedis, uniqueNamespace } from '../support/shared.ts';
import { until } from '../support/servers/until.ts';
import { openCarts, type Carts } from './importing/carts.ts';
import { oldStores, openConnectRedis, type OpenedOldStore } from './importing/old-stores.ts';
import { FASTIFY_SECRET, newSite, oldFastifySite, oldSite, SECRETS, toSession, type Seen } from './importing/sites.ts';
import { Browser } from './support/browser.ts';
import type { Site } from './support/subject.ts';

const HOUR = 3_600_000;
const [OLD, NEW] = [{ node: 0 }, { node: 1 }];

let carts: Carts;
beforeAll(async () => {
  carts = await openCarts();
});
afterAll(() => carts?.close());

const seen = async (browser: Browser, how = NEW): Promise<Seen> =>
  JSON.parse((await browser.get('/me', how)).body) as Seen;
const userOf = async (browser: Browser, how = NEW): Promise<string | null> => (await seen(browser, how)).user;

describe.each(oldStores)('from express-session with %s', (_name, open) => {
  let old: OpenedOldStore;
  let before: Site;
  let browser: Browser;
  let user: string;
  const sites: Site[] = [];

  beforeAll(async () => {
    old = await open();
    before = await oldSite(old.store);
  });
  afterAll(async () => {
    await Promise.all([before, ...sites].map((site) => site?.close()));
    await old?.close();
  });

  /** A browser before an old and two new instances. */
  async function browserOf(more: { since?: Date } = {}): Promise<Browser> {
    const importFrom = { store: old.store, secret: SECRETS, toSession, ...more };
    const after = await Promise.all(carts.clients.map((sessions) => newSite(sessions, importFrom)));
    sites.push(...after);
    browser = new Browser([before, ...after]);
    return browser;
  }

  async function signIn(): Promise<void> {
    await browser.post('/cart?item=lamp', OLD);
    user = uniqueNamespace();
    await browser.post(`/login?user=${user}`, OLD);
    expect(await seen(browser, OLD)).toEqual({ user, cart: ['lamp'] });
  }

  describe('at one instant', () => {
    beforeEach(async () => {
      await browserOf();
      await signIn();
    });

    it('a user stays signed in and keeps the cart, and the old store is empty in the end', async () => {
      const countBefore = await old.count();
      expect(await seen(browser)).toEqual({ user, cart: ['lamp'] });
      expect(await old.count()).toBe(countBefore - 1);
      await browser.post('/cart?item=chair', NEW);
      expect(await seen(browser, { node: 2 })).toEqual({ user, cart: ['lamp', 'chair'] });
    });

    it('ten first requests at once, on two instances, make one session', async () => {
      const all = await Promise.all(Array.from({ length: 10 }, (_, n) => seen(browser, { node: 1 + (n % 2) })));
      expect(all).toEqual(Array.from({ length: 10 }, () => ({ user, cart: ['lamp'] })));
      expect(await carts.clients[0].listByUser(user)).toHaveLength(1);
    });

    it('a login gives the browser a cookie of ours instead of the old one, which leads nowhere', async () => {
      const thief = browser.copy();
      await browser.post(`/login?user=${user}`, NEW);
      expect(browser.cookie('connect.sid')).toBeUndefined();
      expect(await seen(browser)).toEqual({ user, cart: ['lamp'] });
      expect([await userOf(thief), await userOf(thief, OLD)]).toEqual([null, null]);
    });

    it('a logout ends the session everywhere', async () => {
      const thief = browser.copy();
      await browser.post('/logout', NEW);
      expect(browser.cookie('connect.sid')).toBeUndefined();
      expect([await userOf(thief), await userOf(thief, OLD)]).toEqual([null, null]);
    });

    it('an old instance that still runs shows an imported user as signed out, and the new ones do not', async () => {
      await seen(browser);
      expect([await userOf(browser, OLD), await userOf(browser)]).toEqual([null, user]);
    });
  });

  describe('side by side, until `since`', () => {
    beforeEach(async () => {
      await browserOf({ since: new Date(Date.now() + HOUR) });
      await signIn();
    });

    it('a user is signed in on old and new instances in turn', async () => {
      for (let n = 0; n < 9; n += 1) expect(await seen(browser, { node: n % 3 })).toEqual({ user, cart: ['lamp'] });
    });

    it.each([
      ['old', OLD],
      ['new', NEW],
    ])('a logout on an %s instance is one on all', async (_which, how) => {
      const thief = browser.copy();
      await seen(browser);
      await browser.post('/logout', how);
      for (const node of [0, 1, 2]) expect(await userOf(thief, { node })).toBeNull();
      expect(await carts.clients[0].listByUser(user)).toEqual([]);
    });

    it('a login on an old instance is one on all', async () => {
      await seen(browser);
      await browser.post('/login?user=bob', OLD);
      for (const node of [0, 1, 2]) expect(await userOf(browser, { node })).toBe('bob');
      await browser.post('/logout', NEW);
    });

    it('there is a way back: the old instances continue with their own sessions', async () => {
      await seen(browser);
      await browser.post('/cart?item=chair', OLD);
      expect(await seen(browser, OLD)).toEqual({ user, cart: ['lamp', 'chair'] });
    });

    it('does not see here what an old instance writes after the copy, nor there what a new one writes', async () => {
      await seen(browser);
      await browser.post('/cart?item=old', OLD);
      await browser.post('/cart?item=new', NEW);
      expect((await seen(browser, OLD)).cart).toEqual(['lamp', 'old']);
      expect((await seen(browser, NEW)).cart).toEqual(['lamp', 'new']);
    });

    it('does not see a login on a new instance on an old one', async () => {
      await browser.post(`/login?user=${user}`, NEW);
      expect([await userOf(browser, OLD), await userOf(browser, NEW)]).toEqual([null, user]);
    });

    it('sessions go on under the new instances when the moment has come, and leave the old store', async () => {
      await browser.post('/cart?item=chair', NEW);
      const countBefore = await old.count();
      const cookies = [['connect.sid', browser.cookie('connect.sid') ?? '']] as const;
      await browserOf({ since: new Date(Date.now() - HOUR) });
      browser = new Browser([before, ...sites.slice(-2)], cookies);
      expect(await seen(browser)).toEqual({ user, cart: ['lamp', 'chair'] });
      await until(async () => (await old.count()) === countBefore - 1);
      expect(await seen(browser)).toEqual({ user, cart: ['lamp', 'chair'] });
    });
  });
});

describe('from @fastify/session with connect-redis', () => {
  it('a user stays signed in, by the cookie that it signed', async () => {
    const old = await openConnectRedis(sharedRedis());
    const importFrom = { store: old.store, secret: FASTIFY_SECRET, cookie: { name: 'sessionId' }, toSession };
    const sites = [await oldFastifySite(old.store), await newSite(carts.clients[0], importFrom)];
    const browser = new Browser(sites);
    await browser.post('/login?user=grace', OLD);
    expect([await userOf(browser, OLD), await userOf(browser, NEW)]).toEqual(['grace', 'grace']);
    expect(await old.count()).toBe(0);
    await browser.post('/logout', NEW);
    expect(browser.cookie('sessionId')).toBeUndefined();
    await Promise.all(sites.map((site) => site.close()));
    await old.close();
  });
});

describe('a Redis of connect-redis that is killed', () => {
  it('costs users who are not imported yet a 503, and no user the session', async () => {
    const redis = await startRedis();
    const old = await openConnectRedis(redis);
    const importFrom = { store: old.store, secret: SECRETS, toSession };
    const sites = [await oldSite(old.store), await newSite(carts.clients[0], importFrom)];
    const [moved, waiting] = [new Browser(sites), new Browser(sites)];
    for (const browser of [moved, waiting]) await browser.post('/login?user=eve', OLD);
    expect(await userOf(moved)).toBe('eve');

    await redis.kill();
    const reply = await waiting.get('/me', NEW);
    expect([reply.status, reply.headers['retry-after'], reply.cookies]).toEqual([503, '2', []]);
    expect(await userOf(moved)).toBe('eve');

    await Promise.all(sites.map((site) => site.close()));
    await old.close();
    await redis.stop();
  });
});
