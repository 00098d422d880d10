import { NextResponse, type NextProxy, type NextRequest } from 'next/server';
import { nextSessions, type RequestSession } from 'holdfast/next';
import type { SessionClient } from '../../src/index.ts';

interface Shop {
  cart: string[];
}

declare const sessions: SessionClient<Shop>;
const options = { initial: (): Shop => ({ cart: [] }) };

// Next: components and actions call it, route handlers and the proxy are wrapped.
const inNext = nextSessions(() => sessions, options);
// @ts-expect-error the client comes from a function, since modules are evaluated by the build
nextSessions(sessions, options);
// @ts-expect-error the data of a new session is the client's
nextSessions(() => sessions, { initial: () => ({ basket: [] }) });
(await inNext()) satisfies RequestSession<Shop>;
const { data: inAction } = await (await inNext()).update((shop) => void shop.cart.push('apple'));
inAction.cart satisfies readonly string[];
// @ts-expect-error the application's data has no such property
void inAction.basket;
const GET = inNext.route(async (request, session, { params }: { params: Promise<{ item: string }> }) => {
  request.nextUrl.pathname satisfies string;
  const { item } = await params;
  return Response.json((await session.update((shop) => void shop.cart.push(item))).data.cart);
});
GET satisfies (request: NextRequest, context: { params: Promise<{ item: string }> }) => Promise<Response>;
const proxy = inNext.route(async (request, session) =>
  (await session.get()) === null ? NextResponse.redirect(new URL('/', request.url)) : NextResponse.next(),
);
proxy satisfies NextProxy;
// @ts-expect-error a handler answers
inNext.route(() => undefined);
