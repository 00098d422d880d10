import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyRing } from '../../src/index.ts';
import type { Seen } from '../http/support/shop.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { startRedis, type RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedPostgres, uniqueNamespace, type FreshDatabase } from '../support/shared.ts';
import type { WebBrowser } from '../support/web-browser.ts';
import { formOf } from './form.ts';
import { NextSite, siteBrowser } from './next-site.ts';

let redis: RedisServer;
let database: FreshDatabase;
let wire: FaultProxy;
let site: NextSite;
let browser: WebBrowser;

beforeAll(async () => {
  const namespace = uniqueNamespace();
  [redis, database, wire] = await Promise.all([
    startRedis({ namespace }),
    freshDatabase('postgresql'),
    FaultProxy.start(sharedPostgres()),
  ]);
  const url = new URL(database.url);
  url.port = String(wire.port);
  const { port, username, password, ca } = redis;
  site = await NextSite.start({
    redis: { port, username, password, ca },
    database: { url: url.href, ca: database.ca },
    namespace,
    ring: (await generateKeyRing()).toJwks(),
    durableTimeout: '500ms',
  });
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await wire?.stop();
  await database?.close();
  await redis?.stop();
});

const newBrowser = (): WebBrowser => (browser = siteBrowser(site.url));

/** What the page shows, in its only `pre`. */
async function shown(path: string): Promise<string> {
  const html = await (await browser.go(path)).text();
  return (/<pre>(.*?)<\/pre>/s.exec(html)?.[1] ?? 'nothing').replaceAll('<!-- -->', '');
}

/** Submits the form of the page, as a browser without JavaScript does. */
async function act(how: string, item = ''): Promise<Response> {
  const html = await (await browser.go('/signin')).text();
  return browser.post('/signin', { body: formOf(html, { how, item }) });
}

/** Whom the browser's session belongs to, and what is in its cart; null without a session. */
async function me(): Promise<{ user: string | null; cart: string[] } | null> {
  const seen = (await (await browser.go('/me')).json()) as Seen | null;
  return seen && { user: seen.user, cart: seen.data.cart };
}
const sessionsOf = async (user: string): Promise<unknown> => (await browser.go(`/api/sessions?user=${user}`)).json();
const signedIn = async (): Promise<void> => void (await newBrowser().post('/login?user=u_42'));

describe('a component', () => {
  it('reads the session, which all components of the request share', async () => {
    newBrowser();
    expect(await shown('/components')).toBe('nobody | nobody');

    await browser.post('/cart?item=tea');

    expect(await shown('/components')).toBe('visitor: tea | visitor: tea');
  });

  it('is refused every write, and nothing is written', async () => {
    await signedIn();
    await browser.post('/cart?item=tea');
    const cookie = browser.cookie;

    const calls = ['update', 'login', 'logout', 'logoutEverywhere', 'logoutDevice'];
    expect(await shown('/try')).toBe(calls.map((call) => `${call} HOLDFAST_RESPONSE_STARTED`).join(', '));

    expect(browser.cookie).toBe(cookie);
    expect(await me()).toEqual({ user: 'u_42', cart: ['tea'] });
    expect(await sessionsOf('u_component')).toBe(0);
  });

  it('is refused every write also where there is no session to change', async () => {
    newBrowser();

    expect(await shown('/try')).toMatch(/^update HOLDFAST_RESPONSE_STARTED, login HOLDFAST_RESPONSE_STARTED/);

    expect(browser.cookie).toBe('');
  });
});

describe('a server action', () => {
  it('begins a session, which the page after it sees', async () => {
    newBrowser();

    const html = await (await act('add', 'tea')).text();

    expect(html).toContain('visitor: tea');
    expect(browser.cookie).toMatch(/^__Host-sid=/);
    expect(await me()).toEqual({ user: null, cart: ['tea'] });
  });

  it('changes the session’s id at a login, and keeps its data', async () => {
    newBrowser();
    await act('add', 'tea');
    const before = browser.cookie;

    const html = await (await act('login')).text();

    expect(html).toContain('u_42: tea');
    expect(browser.cookie).not.toBe(before);
    const old = await fetch(new URL('/me', site.url), { headers: { cookie: before } });
    expect(await old.json()).toBeNull();
  });

  it('that redirects after a login takes the cookie along', async () => {
    newBrowser();

    expect((await act('redirect')).status).toBe(303);

    expect(await me()).toEqual({ user: 'u_42', cart: [] });
  });

  it.each(['fail', 'missing'])(
    'of which something goes wrong after a login (%s) takes the cookie along',
    async (how) => {
      newBrowser();

      expect((await act(how)).status).toBe(how === 'fail' ? 500 : 404);

      expect(await me()).toEqual({ user: 'u_42', cart: [] });
    },
  );

  it('ends the session and clears the cookie', async () => {
    await signedIn();
    const before = browser.cookie;

    expect(await (await act('logout')).text()).toContain('nobody');

    expect(browser.cookie).toBe('');
    const old = await fetch(new URL('/me', site.url), { headers: { cookie: before } });
    expect(await old.json()).toBeNull();
  });

  const outcomeOf = (name: string) =>
    until(async () => (await browser.go(`/api/outcome?of=${name}`)).json() as Promise<string | null>);

  it('can no longer sign in once it has ended, and the session stays what it was', async () => {
    newBrowser();
    await act('add', 'tea');

    await act('after');

    expect(await outcomeOf('after')).toBe('HOLDFAST_RESPONSE_STARTED');
    expect(await me()).toEqual({ user: null, cart: ['tea'] });
    expect(await sessionsOf('u_late')).toBe(0);
  });

  it('that ends before its session has begun sets no cookie, and the call that begins it rejects', async () => {
    newBrowser();

    await act('floating');

    expect([await outcomeOf('floating'), browser.cookie]).toEqual(['HOLDFAST_RESPONSE_STARTED', '']);
  });
});

describe('a route handler', () => {
  it.each([
    ['login-and-redirect', 307],
    ['login-and-find-nothing', 404],
  ])('carries the cookie of a login: %s', async (what, status) => {
    expect((await newBrowser().post(`/api/${what}`)).status).toBe(status);

    expect(await me()).toEqual({ user: 'u_42', cart: [] });
  });

  it('that fails after a login has its error reported', async () => {
    const from = site.reports.length;
    await newBrowser().post('/login-and-fail?user=u_42');

    await until(() => site.reports.slice(from).some((line) => line.includes('the handler fails after the login')));
  });

  it('that fails without a login is Next’s', async () => {
    const response = await newBrowser().go('/api/fail');

    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []]);
  });

  it('shares its session with what it calls that asks for the request’s session', async () => {
    const response = await newBrowser().post('/api/both');

    expect(await response.json()).toEqual({ cart: ['handler', 'accessor'], isSame: true });
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  it('sees errors by their names, though the build has shortened those of classes', async () => {
    newBrowser();

    expect(await (await browser.go('/api/name')).json()).toEqual({
      name: 'LoginRequiredError',
      code: 'HOLDFAST_LOGIN_REQUIRED',
    });
  });
});

describe('the proxy', () => {
  it('guards a page, and lets its user through', async () => {
    newBrowser();
    const refused = await browser.go('/guarded');
    expect([refused.status, refused.headers.get('location')]).toEqual([303, '/signin']);

    await browser.post('/login?user=u_42');

    expect(await shown('/guarded')).toBe('u_42');
    expect((await browser.go('/guarded')).headers.get('cache-control')).toMatch(/private|no-store/);
  });
});

describe('with both tiers away', () => {
  it('route handlers and the proxy answer 503, others go on, and the user is still signed in afterwards', async () => {
    await signedIn();
    const cookie = browser.cookie;
    await redis.kill();
    wire.set({ refuse: true });
    wire.resetAll();
    try {
      const handler = await until(async () => {
        const response = await browser.go('/me');
        return response.status === 503 && response;
      });
      expect(handler.headers.get('retry-after')).toBe('2');
      const guarded = await browser.go('/guarded');
      expect([guarded.status, guarded.headers.get('retry-after')]).toEqual([503, '2']);
      expect((await browser.go('/')).status).toBe(200);
      expect((await browser.go('/components')).status).toBe(500);
      expect(browser.cookie).toBe(cookie);
    } finally {
      wire.heal();
      await redis.start();
    }
    await until(async () => (await browser.go('/me')).status === 200);
    expect(await me()).toEqual({ user: 'u_42', cart: [] });
  });
});
