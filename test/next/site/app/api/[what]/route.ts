import { notFound, redirect } from 'next/navigation';
import type { RequestSession } from 'holdfast/next';
import type { Shop } from '../../../../../http/support/shop';
import { session, shop } from '../../../lib/session';

type Handler = (session: RequestSession<Shop>, query: URLSearchParams) => Promise<Response> | Response;

/** What only Next has. */
const handlers: Record<string, Handler> = {
  'login-and-redirect': async (mine) => {
    await mine.login('u_42');
    return redirect('/me');
  },
  'login-and-find-nothing': async (mine) => {
    await mine.login('u_42');
    return notFound();
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
  sessions: async (_mine, query) => Response.json((await shop().sessions.listByUser(query.get('user') ?? '')).length),
  outcome: (_mine, query) => Response.json(globalThis.lateOutcomes?.[query.get('of') ?? ''] ?? null),
  name: async (mine) => {
    const error: unknown = await mine.requireUser().catch((thrown: unknown) => thrown);
    const { name, code } = error as { name: string; code: string };
    return Response.json({ name, code });
  },
};

const answer = session.route(async (request, mine, { params }: { params: Promise<{ what: string }> }) => {
  const { what } = await params;
  const handler = handlers[what];
  return handler === undefined ? new Response(null, { status: 404 }) : handler(mine, request.nextUrl.searchParams);
});

export { answer as GET, answer as POST };
