import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { describe, expect, it, vi } from 'vitest';
import { honoSessions } from '../../../src/adapters/hono/index.ts';
import { TierUnavailableError } from '../../../src/index.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { WebBrowser } from '../../support/web-browser.ts';

interface Shop {
  cart: string[];
}

async function shop() {
  const { sessions } = await memoryClient<Shop>();
  const session = honoSessions(sessions, { initial: (): Shop => ({ cart: [] }), retryAfter: '7s' });
  const app = new Hono()
    .use(session)
    .post('/cart/:item', async (c) => {
      const { data } = await c.var.session.update((draft) => void draft.cart.push(c.req.param('item')));
      return c.json(data.cart);
    })
    .post('/login', async (c) => c.json((await c.var.session.login('u_42')).data.cart))
    .get('/me', async (c) => c.json((await c.var.session.get())?.userId ?? null));
  return { sessions, session, app, browser: new WebBrowser((request) => app.fetch(request)) };
}

describe('the middleware', () => {
  it('keeps a session from request to request, and its data through a login', async () => {
    const { browser } = await shop();

    await browser.post('/cart/apple');
    const before = browser.cookie;

    expect(await (await browser.post('/login')).json()).toEqual(['apple']);
    expect(browser.cookie).not.toBe(before);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('appends its cookie to those of the application, and makes the response no-store', async () => {
    const { app, browser, session } = await shop();
    app.post('/both', async (c) => {
      await session.of(c).login('u_42');
      c.header('Set-Cookie', 'theme=dark');
      c.header('Cache-Control', 'public, max-age=60');
      return c.text('both');
    });

    const response = await browser.post('/both');

    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['theme', '__Host-sid']);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['a redirect of the web standard', () => Response.redirect('https://shop.example/', 303)],
    ['the result of a fetch', () => fetch('data:text/plain,proxied')],
    ['no content', () => new Response(null, { status: 204 })],
  ])('carries the cookie on %s', async (_what, respond) => {
    const { app, browser, session } = await shop();
    app.post('/then', async (c) => {
      await session.of(c).login('u_42');
      return respond();
    });

    await browser.post('/then');

    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('never puts the cookie onto a response that the application sends to everybody', async () => {
    const { app, browser, session } = await shop();
    const shared = new Response(null, { status: 204 });
    app.post('/shared', async (c) => {
      await session.of(c).login('u_42');
      return shared;
    });

    expect((await browser.post('/shared')).headers.getSetCookie()).toHaveLength(1);
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it('waits for a login that the handler did not await', async () => {
    const { app, browser, session } = await shop();
    app.post('/floating', (c) => {
      void session.of(c).login('u_42');
      return c.text('at once');
    });

    await browser.post('/floating');

    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('refuses a login from within the stream', async () => {
    const { app, browser, session, sessions } = await shop();
    const begun = gate();
    app.get('/events', (c) =>
      streamSSE(c, async (stream) => {
        await begun.wait();
        const answer = await session
          .of(c)
          .login('u_42')
          .catch((error: unknown) => error);
        await stream.writeSSE({ data: (answer as { code?: string }).code ?? 'none' });
      }),
    );

    const response = await browser.go('/events');
    begun.pass();

    expect(await response.text()).toContain('data: HOLDFAST_RESPONSE_STARTED');
    expect(await sessions.listByUser('u_42')).toEqual([]);
  });

  it('carries the cookie of a login on the answer to an error that came after it', async () => {
    const { app, browser, session } = await shop();
    const broken = new Error('broken');
    const seen: unknown[] = [];
    app.post('/broken', async (c) => {
      await session.of(c).login('u_42');
      throw broken;
    });
    app.onError((error, c) => {
      seen.push(error);
      return c.text('sorry', 500);
    });

    expect((await browser.post('/broken')).status).toBe(500);
    expect(seen).toEqual([broken]);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });
});

describe('an outage', () => {
  it('is answered with 503 and Retry-After by Hono itself, and leaves the cookie alone', async () => {
    const { browser, sessions } = await shop();
    await browser.post('/cart/apple');
    vi.spyOn(sessions, 'get').mockRejectedValue(new TierUnavailableError('durable', 'test'));

    const response = await browser.go('/me');

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('reaches the application’s onError as the same error', async () => {
    const { app, browser, sessions } = await shop();
    await browser.post('/cart/apple');
    const outage = new TierUnavailableError('durable', 'test');
    vi.spyOn(sessions, 'get').mockRejectedValue(outage);
    app.onError((error, c) => c.text(String(error === outage), 503));

    expect(await (await browser.go('/me')).text()).toBe('true');
  });
});

describe('a mistake in the use of the library', () => {
  it('is a 500 that Hono prints', async () => {
    const { app, browser, session } = await shop();
    const printed = vi.spyOn(console, 'error').mockReturnValue();
    app.post('/wrong', async (c) => c.json((await session.of(c).login(42 as unknown as string)).handle));

    const { status } = await browser.post('/wrong');

    expect(status).toBe(500);
    expect(printed.mock.calls).toEqual([[expect.objectContaining({ code: 'HOLDFAST_CONFIGURATION' })]]);
    printed.mockRestore();
  });
});

describe('a sub-application', () => {
  it('behind route() has the session of the request, and may use the middleware again', async () => {
    const { app, browser, session } = await shop();
    app.use(async (c, next) => {
      await session.of(c).update((draft) => void draft.cart.push('apple'));
      await next();
    });
    const below = new Hono().use(session);
    below.post('/login', async (c) => c.json((await session.of(c).login('u_42')).data.cart));
    app.route('/below', below);

    const response = await browser.post('/below/login');

    expect(await response.json()).toEqual(['apple']);
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('behind mount() has none, and the error names the alternative', async () => {
    const { app, browser, session } = await shop();
    const below = new Hono();
    below.get('/', async (c) => c.json(await session.of(c).get()));
    below.onError((error, c) => c.text(error.message, 500));
    app.mount('/below', (request) => below.fetch(request));

    expect(await (await browser.go('/below')).text()).toMatch(/app\.route\(\) instead of app\.mount\(\)/);
  });
});
