import type { Server } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { newSessionData } from '../session-data.ts';
import { HTML, NOBODY, pageOf } from './page.ts';
import type { PageSessions, Seen } from './site.ts';

/** A Fastify application with the pages that every site has, behind a proxy that speaks TLS. */
export async function fastifyPages(
  mount: (app: FastifyInstance) => Promise<void>,
  sessions: PageSessions<FastifyRequest>,
): Promise<Server> {
  const app = fastify({ trustProxy: '127.0.0.1' });
  await mount(app);
  app.get('/', async (_request, reply) => show(reply, NOBODY));
  app.get('/me', async (request, reply) => show(reply, await sessions.read(request)));
  app.post('/visit', async (request, reply) => show(reply, await sessions.visit(request)));
  app.post<{ Querystring: { user: string } }>('/sign-in', async (request, reply) => {
    const data = newSessionData(Number(request.query.user));
    await sessions.signIn(request, data);
    return show(reply, data);
  });
  await app.ready();
  return app.server;
}

function show(reply: FastifyReply, data: Seen): FastifyReply {
  return reply.type(HTML).send(pageOf(data));
}
