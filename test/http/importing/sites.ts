import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import express, { type Express, type Request, type RequestHandler } from 'express';
import session from 'express-session';
import fastify from 'fastify';
import { expressSessions, type HttpSessionOptions } from 'holdfast/express';
import type { SessionClient } from '../../../src/index.ts';
import { listen, type Site } from '../support/subject.ts';
import { http1 } from '../support/transport.ts';

export interface Cart {
  cart: string[];
}

/** What the old application keeps in `req.session`. */
export interface OldCart extends Cart {
  user?: string;
}

/** What `/me` says, before and after the move. */
export interface Seen {
  readonly user: string | null;
  readonly cart: readonly string[];
}

export const FASTIFY_SECRET = 'a secret of at least thirty-two characters';
export const SECRETS = ['new secret', 'older secret'];

export type ImportFrom = NonNullable<HttpSessionOptions<Cart>['importFrom']>;

/** The application before the move: express-session, and one of its stores. */
export function oldSite(store: session.Store, options: Partial<session.SessionOptions> = {}): Promise<Site> {
  const app = express();
  app.use(session({ store, secret: SECRETS, resave: false, saveUninitialized: false, ...options }));
  const mine = (request: Request) => request.session as unknown as Partial<OldCart>;
  return listen(
    withRoutes(app, {
      me: async (request) => ({ user: mine(request).user ?? null, cart: mine(request).cart ?? [] }),
      add: async (request, item) => void (mine(request).cart = [...(mine(request).cart ?? []), item]),
      async login(request, user) {
        const { cart = [] } = mine(request);
        await promised((done) => request.session.regenerate(done));
        Object.assign(mine(request), { user, cart });
        await promised((done) => request.session.save(done));
      },
      logout: (request) => promised((done) => request.session.destroy(done)),
    }),
  );
}

/** The same with @fastify/session: what signs somebody in, and says who is there. */
export async function oldFastifySite(store: session.Store): Promise<Site> {
  const app = fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    store: store as never,
    secret: FASTIFY_SECRET,
    saveUninitialized: false,
    cookie: { secure: false },
  });
  app.post('/login', async (request, reply) => {
    await request.session.regenerate();
    request.session.set('user' as never, (request.query as { user: string }).user as never);
    return reply.code(204).send();
  });
  app.get('/me', async (request) => ({ user: request.session.get('user' as never) ?? null, cart: [] }));
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  return { origin, transport: http1, close: () => app.close() };
}

/** The same application after the move. */
export function newSite(sessions: SessionClient<Cart>, importFrom: ImportFrom): Promise<Site> {
  const app = express();
  const middleware = expressSessions(sessions, { initial: () => ({ cart: [] }), importFrom });
  app.use(middleware);
  return listen(
    withRoutes(app, {
      async me(request) {
        const mine = await middleware.of(request).get();
        return { user: mine?.userId ?? null, cart: mine?.data.cart ?? [] };
      },
      add: (request, item) => middleware.of(request).update(({ cart }) => void cart.push(item)),
      login: (request, user) => middleware.of(request).login(user),
      logout: (request) => middleware.of(request).logout(),
    }),
  );
}

export const toSession = ({ user, cart = [] }: Partial<OldCart>) => ({ data: { cart }, ...(user && { userId: user }) });

interface Actions {
  me(request: Request): Promise<Seen>;
  add(request: Request, item: string): Promise<unknown>;
  login(request: Request, user: string): Promise<unknown>;
  logout(request: Request): Promise<unknown>;
}

function withRoutes(app: Express, { me, add, login, logout }: Actions): Express {
  const done = (act: (request: Request) => Promise<unknown>): RequestHandler => {
    return async (request, response) => {
      await act(request);
      response.sendStatus(204);
    };
  };
  app.get('/me', async (request, response) => void response.json(await me(request)));
  app.post(
    '/cart',
    done((request) => add(request, String(request.query['item']))),
  );
  app.post(
    '/login',
    done((request) => login(request, String(request.query['user']))),
  );
  app.post('/logout', done(logout));
  return app;
}

function promised(call: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
