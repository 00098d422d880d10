import { isHoldfastError, type Session } from '../../../src/index.ts';
import { arrivedAt, openGate, waitAt } from './gates.ts';
import type { Answer, Handler, Routes } from './subject.ts';

export interface Shop {
  cart: string[];
  fields: Record<string, string>;
  count: number;
}

export const initial = (): Shop => ({ cart: [], fields: {}, count: 0 });

/** What `/me` says, and everything else that answers with a session. */
export interface Seen {
  readonly user: string | null;
  readonly handle: string;
  readonly data: Shop;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** What `/alive` says: whether there was a session, and between which moments it was looked for. */
export interface Alive {
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly isAlive: boolean;
}

const said = (query: URLSearchParams, name: string): string => query.get(name) ?? '';
const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

function seen(session: Session<Shop>): Seen {
  return {
    user: session.userId ?? null,
    handle: session.handle,
    data: structuredClone(session.data) as Shop,
    idleExpiresAt: session.idleExpiresAt.getTime(),
    absoluteExpiresAt: session.absoluteExpiresAt.getTime(),
  };
}

/** How calls ended that their handlers did not await, by name. */
const outcomes = new Map<string, Promise<string>>();
const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
  );

const login: Handler = async (session, query) => {
  const lifetime = query.get('lifetime');
  const signedIn = await session.login(said(query, 'user'), {
    ...(lifetime !== null && {
      lifetime: { idle: lifetime as '1s', absolute: (query.get('absolute') ?? lifetime) as '1s' },
    }),
  });
  return json(seen(signedIn));
};

/** Every route of the contract. Framework-neutral: a subject only brings them under its framework's router. */
export const shopRoutes: Routes = {
  'GET /': () => ({ body: 'Welcome.', headers: { 'cache-control': 'public, max-age=60' } }),
  'GET /me': async (session) => {
    const mine = await session.get();
    return json(mine && seen(mine));
  },
  'GET /alive': async (session) => {
    const askedAt = Date.now();
    const isAlive = (await session.get()) !== null;
    return json({ askedAt, answeredAt: Date.now(), isAlive } satisfies Alive);
  },
  'GET /account': async (session) => json(seen(await session.requireUser())),
  'GET /payment': async (session) => json(seen(await session.requireFresh())),
  'GET /devices': async (session) => json(await session.devices()),

  'POST /login': login,
  'POST /login-and-redirect': async (session, query) => {
    await session.login(said(query, 'user'));
    return { status: 303, headers: { location: '/me' } };
  },
  'POST /login-and-fail': async (session, query) => {
    await session.login(said(query, 'user'));
    throw new Error('the handler fails after the login');
  },
  'POST /login-with-cookies': async (session, query) => {
    await session.login(said(query, 'user'));
    return { status: 204, headers: { 'set-cookie': 'theme=dark; Path=/', 'cache-control': 'public, max-age=60' } };
  },
  'POST /login-not-awaited': (session, query) => {
    outcomes.set(said(query, 'name'), outcomeOf(session.login(said(query, 'user'))));
    return { body: 'Welcome back.' };
  },
  'GET /outcome': async (_session, query) => json(await outcomes.get(said(query, 'name'))),
  'POST /logout': async (session) => {
    await session.logout();
    return { status: 204 };
  },
  'POST /logout-everywhere': async (session, query) =>
    json(await session.logoutEverywhere({ keepThis: query.has('keep') })),

  'POST /cart': async (session, query) => {
    // As a handler does that looks who is there, asks a price list, and then writes.
    if (query.has('look')) await session.get();
    await new Promise((resolve) => void setTimeout(resolve, Number(query.get('pause') ?? 0)));
    return json(seen(await session.update((shop) => void shop.cart.push(said(query, 'item')))));
  },
  'POST /slow-write': async (session, query) =>
    json(
      seen(
        await session.update(async (shop) => {
          await waitAt(said(query, 'gate'));
          shop.cart.push(said(query, 'item'));
        }),
      ),
    ),
  'POST /field': async (session, query) =>
    json(seen(await session.update((shop) => void (shop.fields[said(query, 'name')] = said(query, 'value'))))),
  'POST /count': async (session) => json(seen(await session.update((shop) => void (shop.count += 1)))),
  'GET /begin': async (session) => {
    await session.update((shop) => void (shop.count += 1));
    return { headers: { 'cache-control': 'public, max-age=60' }, body: 'Your cart.' };
  },
  'GET /not-modified': async (session) => {
    await session.update((shop) => void (shop.count += 1));
    return { status: 304, headers: { etag: '"1"' } };
  },

  'GET /stream': (session, query) => ({ headers: { 'content-type': 'text/plain' }, body: progress(session, query) }),
  'GET /stream-after-login': async (session, query) => {
    await session.login(said(query, 'user'));
    return { headers: { 'content-type': 'text/plain' }, body: progress(session, query) };
  },
  'GET /late-login': (session, query) => ({
    headers: { 'content-type': 'text/plain' },
    body: late(() => session.login(said(query, 'user'))),
  }),
  'GET /broken-stream': async (session) => {
    await session.update((shop) => void (shop.count += 1));
    return { headers: { 'content-type': 'text/plain' }, body: broken() };
  },

  'POST /gate': (_session, query) => {
    openGate(said(query, 'gate'));
    return { status: 204 };
  },
  'GET /gate': (_session, query) => json(arrivedAt(said(query, 'gate'))),
};

/** Progress that is stored while the response is under way: it needs no cookie. */
async function* progress(session: Parameters<Handler>[0], query: URLSearchParams): AsyncGenerator<string> {
  yield 'first\n';
  if (query.has('gate')) await waitAt(said(query, 'gate'));
  const { data } = await session.update((shop) => void (shop.count += 1));
  yield `${data.count}\n`;
}

/** A call that needs a cookie, once the headers have left. */
async function* late(call: () => Promise<unknown>): AsyncGenerator<string> {
  yield 'first\n';
  yield await outcomeOf(call());
}

async function* broken(): AsyncGenerator<string> {
  yield 'first\n';
  await Promise.reject(new Error('the handler fails after the headers'));
}
