import { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type RawServerBase } from 'fastify';
import { fastifySessions } from 'holdfast/fastify';
import { createAuthority } from '../../support/servers/certificates.ts';
import { entriesOf, queryOf, type Answer, type Application, type Subject } from '../support/subject.ts';
import { http1, http2 } from '../support/transport.ts';

export const fastifyHttp1: Subject = {
  name: 'Fastify',
  waits: true,
  async start(application) {
    const app = fastify();
    await mount(app, application);
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    return { origin, transport: http1, close: () => app.close() };
  },
};

export const fastifyHttp2: Subject = {
  name: 'Fastify over HTTP/2',
  waits: true,
  async start(application) {
    const { ca, certificate, privateKey } = await (await createAuthority()).issue();
    const app = fastify({ http2: true, https: { cert: certificate, key: privateKey } });
    await mount(app, application);
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const client = http2(origin, ca);
    return {
      origin,
      transport: client.transport,
      async close() {
        client.close();
        await app.close();
      },
    };
  },
};

async function mount<Server extends RawServerBase>(
  app: FastifyInstance<Server>,
  { sessions, options, routes, onError }: Application,
): Promise<void> {
  const session = fastifySessions(sessions, options);
  await app.register(session);
  if (onError !== undefined) app.setErrorHandler((error, _request, reply) => send(reply, onError(error)));
  for (const { method, path, handle } of entriesOf(routes)) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => send(reply, await handle(session.of(request), queryOf(request.url))),
    });
  }
}

/** A reply of either protocol. */
interface Reply {
  code(status: number): unknown;
  headers(headers: Answer['headers'] & object): unknown;
  send(body?: unknown): unknown;
}

function send(reply: Reply, { status = 200, headers = {}, body }: Answer): unknown {
  reply.code(status);
  reply.headers(headers);
  return reply.send(typeof body === 'object' ? Readable.from(body) : body);
}
