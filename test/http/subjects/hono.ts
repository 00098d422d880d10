import { getRequestListener } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { stream } from 'hono/streaming';
import { honoSessions } from 'holdfast/hono';
import { entriesOf, listen, queryOf, type Answer, type Subject } from '../support/subject.ts';

export const hono: Subject = {
  name: 'Hono',
  waits: true,
  start({ sessions, options, routes, onError }) {
    const session = honoSessions(sessions, options);
    const app = new Hono();
    app.use(session);
    for (const { method, path, handle } of entriesOf(routes)) {
      app.on(method, path, async (c) => send(c, await handle(session.of(c), queryOf(c.req.url))));
    }
    if (onError !== undefined) app.onError((error, c) => send(c, onError(error)));
    return listen(getRequestListener(app.fetch));
  },
};

function send(c: Context, { status = 200, headers = {}, body }: Answer): Response {
  if (typeof body === 'object') {
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    const write = async (chunks: AsyncIterable<string>, to: { write(chunk: string): Promise<unknown> }) => {
      for await (const chunk of chunks) await to.write(chunk);
    };
    // Hono prints what breaks a stream off, unless somebody handles it.
    return stream(
      c,
      (to) => write(body, to),
      async () => undefined,
    );
  }
  return c.newResponse(body ?? null, status as ContentfulStatusCode, headers);
}
