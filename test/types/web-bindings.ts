import { Hono, type Context } from 'hono';
import { honoSessions } from 'holdfast/hono';
import { webSessions, type RequestSession } from 'holdfast/web';
import type { SessionClient } from '../../src/index.ts';

interface Shop {
  cart: string[];
}

declare const sessions: SessionClient<Shop>;
const options = { initial: (): Shop => ({ cart: [] }) };

// @ts-expect-error the data of a new session is what an application has to say
webSessions(sessions, {});
// @ts-expect-error and it is the client's
honoSessions(sessions, { initial: () => ({ basket: [] }) });
// @ts-expect-error undefined is no handler
webSessions(sessions, { ...options, onError: undefined });
webSessions(sessions, { ...options, onError: (_error, request) => new Response(request.url, { status: 500 }) });

// The web standard: a handler, and what a framework passes besides the request.
const inWeb = webSessions(sessions, options);
const plain = inWeb.handle(async (request, session) => {
  request satisfies Request;
  session satisfies RequestSession<Shop>;
  const { data } = await session.update((shop) => void shop.cart.push('apple'));
  // @ts-expect-error the application's data has no such property
  void data.basket;
  return Response.json(data.cart satisfies readonly string[]);
});
plain satisfies (request: Request) => Promise<Response>;
const withContext = inWeb.handle(async (_request, session, { params }: { params: { item: string } }) => {
  await session.login('u_42', { data: { cart: [params.item] } });
  return new Response(null, { status: 204 });
});
withContext satisfies (request: Request, context: { params: { item: string } }) => Promise<Response>;
// @ts-expect-error the framework's context is wanted
void withContext(new Request('http://localhost'));
// @ts-expect-error a handler answers
inWeb.handle(() => 'text');
// Middleware: the rest of the chain is the handler.
void ((request: Request, next: () => Promise<Response>) => inWeb.handle(next)(request));
inWeb.of(new Request('http://localhost')) satisfies RequestSession<Shop>;
// @ts-expect-error a session belongs to a request
inWeb.of({ url: 'http://localhost' });

// Hono: c.var.session in one chain of calls.
const inHono = honoSessions(sessions, options);
export const chain = new Hono<{ Bindings: { region: string } }>()
  .use(inHono)
  .post('/cart/:item', async (c) => {
    c.env.region satisfies string;
    c.var.session satisfies RequestSession<Shop>;
    c.get('session') satisfies RequestSession<Shop>;
    const { data } = await c.var.session.update((shop) => void shop.cart.push(c.req.param('item')));
    // @ts-expect-error the application's data has no such property
    void data.basket;
    return c.json(data.cart);
  })
  .get('/cart', inHono, async (c) => c.json((await c.var.session.get())?.data.cart ?? []));

// session.of(c) without one, also in helpers and in sub-applications with variables of their own.
const site = new Hono();
site.use(inHono);
site.get('/me/:page', async (c) => {
  inHono.of(c) satisfies RequestSession<Shop>;
  return c.json((await inHono.of(c).requireUser()).userId satisfies string);
});
const below = new Hono<{ Variables: { locale: string } }>();
below.get('/', async (c) => c.text((await inHono.of(c).get())?.userId ?? c.var.locale));
site.route('/below', below);
site.onError(async (_error, c) => c.json(await inHono.of(c).get()));
void ((c: Context) => inHono.of(c) satisfies RequestSession<Shop>);
// @ts-expect-error a request is no context
void (() => inHono.of(new Request('http://localhost')));
