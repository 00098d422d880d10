import { notFound, redirect } from 'next/navigation';
import type { RequestSession } from 'holdfast/next';
import { client, session, type Shop } from '../../../lib/session';

type Handler = (session: RequestSession<Shop>, query: URLSearchParams) => Promise<Response> | Response;

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'resolved',
    (error: unknown) => String((error as { code?: string }).code),
  );

const handlers: Record<string, Handler> = {
  me: async (mine) => {
    const seen = await mine.get();
    return Response.json(seen && { user: seen.userId ?? null, cart: seen.data.cart });
  },
  plain: () => new Response('plain'),
  add: async (mine, query) => {
    const { data } = await mine.update((shop) => void shop.cart.push(query.get('item') ?? 'tea'));
    return Response.json(data.cart);
  },
  login: async (mine) => Response.json((await mine.login('u_42')).data.cart),
  logout: async (mine) => {
    await mine.logout();
    return new Response(null, { status: 204 });
  },
  'login-not-awaited': (mine) => {
    void mine.login('u_42');
    return new Response('at once');
  },
  'login-and-redirect': async (mine) => {
    await mine.login('u_42');
    return redirect('/api/me');
  },
  'login-and-find-nothing': async (mine) => {
    await mine.login('u_42');
    return notFound();
  },
  'login-and-fail': async (mine) => {
    await mine.login('u_42');
    throw new Error('the handler fails after the login');
  },
  fail: () => {
    throw new Error('the handler fails');
  },
  // What a helper of the application does that is called from everywhere.
  both: async (mine) => {
    await mine.update((shop) => void shop.cart.push('handler'));
    const same = await session();
    const { data } = await same.update((shop) => void shop.cart.push('accessor'));
    return Response.json({ cart: data.cart, isSame: same === mine });
  },
  late: (mine) => new Response(late(mine)),
  sessions: async (_mine, query) => Response.json((await client().listByUser(query.get('user') ?? '')).length),
  open: () => {
    globalThis.openGate?.();
    return new Response(null, { status: 204 });
  },
  outcome: (_mine, query) => Response.json(globalThis.lateOutcomes?.[query.get('of') ?? ''] ?? null),
  name: async (mine) => {
    const error: unknown = await mine.requireUser().catch((thrown: unknown) => thrown);
    const { name, code } = error as { name: string; code: string };
    return Response.json({ name, code });
  },
};

/** A login once the headers are gone. */
function late(mine: RequestSession<Shop>): ReadableStream {
  const text = new TextEncoder();
  return new ReadableStream({
    async pull(stream) {
      await new Promise((resolve) => void setTimeout(resolve, 50));
      stream.enqueue(text.encode(await codeOf(mine.login('u_late'))));
      stream.close();
    },
  });
}

const answer = session.route(async (request, mine, { params }: { params: Promise<{ what: string }> }) => {
  const { what } = await params;
  const handler = handlers[what];
  return handler === undefined ? new Response(null, { status: 404 }) : handler(mine, request.nextUrl.searchParams);
});

export { answer as GET, answer as POST };
