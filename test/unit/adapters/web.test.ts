import { describe, expect, it, vi } from 'vitest';
import { webSessions, type RequestSession, type WebSessionOptions } from '../../../src/adapters/web/index.ts';
import { TierUnavailableError } from '../../../src/index.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { WebBrowser } from '../../support/web-browser.ts';

interface Shop {
  cart: string[];
}
type Handler = (request: Request, session: RequestSession<Shop>) => Promise<Response> | Response;

async function shop(routes: Readonly<Record<string, Handler>>, options: Partial<WebSessionOptions<Shop>> = {}) {
  const { sessions } = await memoryClient<Shop>();
  const web = webSessions<Shop>(sessions, { initial: () => ({ cart: [] }), ...options });
  const answer = web.handle((request, session) => {
    const route = routes[new URL(request.url).pathname];
    if (route === undefined) throw new Error('no such route');
    return route(request, session);
  });
  return { sessions, web, browser: new WebBrowser(answer) };
}

const add: Handler = async (_request, session) => {
  await session.update((data) => void data.cart.push('apple'));
  return new Response('added');
};
const login: Handler = async (_request, session) => Response.json((await session.login('u_42')).data);
const me: Handler = async (_request, session) => Response.json((await session.get())?.userId ?? null);

describe('handle', () => {
  it('keeps a session from request to request, and its data through a login', async () => {
    const { browser } = await shop({ '/add': add, '/login': login, '/me': me });

    await browser.post('/add');
    const before = browser.cookie;
    const response = await browser.post('/login');

    expect(await response.json()).toEqual({ cart: ['apple'] });
    expect(browser.cookie).not.toBe(before);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('hands back the very response where there is no cookie to set', async () => {
    const answer = new Response('plain');
    const { browser } = await shop({ '/plain': () => answer });

    expect(await browser.go('/plain')).toBe(answer);
  });

  it('appends its cookie to those of the application, and makes the response no-store', async () => {
    const { browser } = await shop({
      '/add': async (request, session) => {
        const response = await add(request, session);
        response.headers.append('set-cookie', 'theme=dark');
        response.headers.append('set-cookie', 'locale=de');
        response.headers.set('cache-control', 'public, max-age=60');
        return response;
      },
    });

    const response = await browser.post('/add');

    const names = response.headers.getSetCookie().map((line) => line.split('=')[0]);
    expect(names).toEqual(['theme', 'locale', '__Host-sid']);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['a redirect', () => Response.redirect('https://shop.example/', 303), 303],
    ['a response without a body', () => new Response(null, { status: 304 }), 304],
    ['an error of the server', () => Response.json({ reason: 'full' }, { status: 507, statusText: 'Full' }), 507],
  ])('carries the cookie on %s', async (_what, response, status) => {
    const { browser } = await shop({
      '/login': async (request, session) => {
        await login(request, session);
        return response();
      },
      '/me': me,
    });

    const answer = await browser.go('/login', { method: status === 304 ? 'HEAD' : 'POST' });

    expect(answer.status).toBe(status);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('never puts the cookie onto a response that the application sends to everybody', async () => {
    const shared = new Response(null, { status: 204 });
    const { browser } = await shop({ '/login': async (...all) => (await login(...all), shared) });

    expect((await browser.post('/login')).headers.getSetCookie()).toHaveLength(1);
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it('passes a stream on while it is being written', async () => {
    const written = gate();
    const { browser } = await shop({
      '/stream': async (request, session) => {
        await login(request, session);
        return new Response(
          new ReadableStream({
            async pull(stream) {
              await written.wait();
              stream.enqueue(new TextEncoder().encode('written later'));
              stream.close();
            },
          }),
        );
      },
    });

    const response = await browser.post('/stream');
    written.pass();

    expect(browser.cookie).toContain('__Host-sid=');
    expect(await response.text()).toBe('written later');
  });

  it('waits for a login that the handler did not await', async () => {
    const { browser } = await shop({
      '/login': (_request, session) => {
        void session.login('u_42');
        return new Response('at once');
      },
      '/me': me,
    });

    await browser.post('/login');

    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('refuses a login from within the stream, before it does anything', async () => {
    const begun = gate();
    const { browser, sessions } = await shop({
      '/stream': (_request, session) => {
        const start = async (stream: ReadableStreamDefaultController) => {
          await begun.wait();
          const error = await session.login('u_42').catch((thrown: unknown) => thrown);
          stream.enqueue(new TextEncoder().encode((error as { code?: string }).code));
          stream.close();
        };
        return new Response(new ReadableStream({ start: (stream) => void start(stream) }));
      },
    });

    const response = await browser.post('/stream');
    begun.pass();

    expect(await response.text()).toBe('HOLDFAST_RESPONSE_STARTED');
    expect(await sessions.listByUser('u_42')).toEqual([]);
  });

  it('shares one session between a handler and one inside of it, and sets one cookie', async () => {
    const { web } = await shop({});
    const inner = web.handle(add);
    const browser = new WebBrowser(
      web.handle(async (request, session) => {
        await session.update((data) => void data.cart.push('pear'));
        return inner(request);
      }),
    );
    const reader = new WebBrowser(web.handle(async (_request, session) => Response.json((await session.get())?.data)));

    const response = await browser.post('/');

    expect(response.headers.getSetCookie()).toHaveLength(1);
    const read = await reader.go('/', { headers: { cookie: browser.cookie } });
    expect(await read.json()).toEqual({ cart: ['pear', 'apple'] });
  });

  it("passes on the framework's further arguments", async () => {
    const { web } = await shop({});
    const handler = web.handle((_request, _session, { id }: { id: string }, more: number) => new Response(id + more));

    expect(await (await handler(new Request('https://shop.example'), { id: 'a' }, 7)).text()).toBe('a7');
  });
});

describe('an error', () => {
  it('of an outage is answered with 503 and Retry-After, and leaves the cookie alone', async () => {
    const { browser, sessions } = await shop({ '/add': add, '/me': me }, { retryAfter: '7s' });
    await browser.post('/add');
    vi.spyOn(sessions, 'get').mockRejectedValue(new TierUnavailableError('durable', 'test'));

    const response = await browser.go('/me');

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('of a visitor who is not signed in is answered with 401', async () => {
    const { browser } = await shop({
      '/pay': async (_request, session) => Response.json((await session.requireFresh()).userId),
    });

    expect((await browser.post('/pay')).status).toBe(401);
  });

  it('of the application is the server’s', async () => {
    const broken = new Error('broken');
    const { browser } = await shop({ '/': () => Promise.reject(broken) });

    await expect(browser.go('/')).rejects.toBe(broken);
  });

  it('that is a misuse of the library is rethrown to the server', async () => {
    const { browser } = await shop({
      '/': async (_request, session) => Response.json(await session.update(() => ({ cart: [1n] }) as never)),
    });

    await expect(browser.go('/')).rejects.toMatchObject({ code: 'HOLDFAST_PAYLOAD' });
  });

  it('is answered by onError, with the cookie of the login before it', async () => {
    const seen: unknown[] = [];
    const broken = new Error('broken');
    const { browser } = await shop(
      { '/login': async (...all) => (await login(...all), Promise.reject(broken)), '/me': me },
      {
        onError: (error, { url }) => {
          seen.push(error);
          return new Response(url, { status: 500 });
        },
      },
    );

    const response = await browser.post('/login');

    expect([response.status, await response.text()]).toEqual([500, 'https://shop.example/login']);
    expect(seen).toEqual([broken]);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });

  it('of an outage is for onError too, and answered all the same where that leaves it', async () => {
    const seen: unknown[] = [];
    const { browser, sessions } = await shop(
      { '/add': add, '/me': me },
      {
        onError(error) {
          seen.push(error);
          return seen.length === 1 ? new Response('sorry', { status: 418 }) : undefined;
        },
      },
    );
    await browser.post('/add');
    const outage = new TierUnavailableError('durable', 'test');
    vi.spyOn(sessions, 'get').mockRejectedValue(outage);

    expect([(await browser.go('/me')).status, (await browser.go('/me')).status]).toEqual([418, 503]);
    expect(seen).toEqual([outage, outage]);
  });

  it('that is a Response counts as returned, with the cookie', async () => {
    const { browser } = await shop(
      {
        '/login': async (...all) => {
          await login(...all);
          return Promise.reject(Response.redirect('https://shop.example/', 303));
        },
        '/me': me,
      },
      { onError: () => new Response('never', { status: 500 }) },
    );

    expect((await browser.post('/login')).status).toBe(303);
    expect(await (await browser.go('/me')).json()).toBe('u_42');
  });
});

describe('of', () => {
  it('is the session of the request that is being answered', async () => {
    const { web } = await shop({});
    const next = (request: Request) => () => {
      void web.of(request).login('u_42');
      return new Response('in a middleware');
    };
    const browser = new WebBrowser((request) => web.handle(next(request))(request));
    const reader = new WebBrowser(web.handle(me));

    await browser.post('/');

    expect(await (await reader.go('/', { headers: { cookie: browser.cookie } })).json()).toBe('u_42');
  });

  it('refuses a request that handle has not seen, and a copy of one that it has', async () => {
    const { web } = await shop({});
    const copied = web.handle((request) => Response.json(web.of(new Request(request))));

    await expect(copied(new Request('https://shop.example'))).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    expect(() => web.of(new Request('https://shop.example'))).toThrow(/made a copy/);
  });
});

describe('the options', () => {
  it.each([
    ['a handler of errors that is none', { onError: 'log' }],
    ['an unknown name', { onErrors: () => new Response() }],
  ])('are refused with %s', async (_what, options) => {
    await expect(shop({}, options as object)).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });
});
