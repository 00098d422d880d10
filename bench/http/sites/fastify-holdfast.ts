import type { FastifyInstance } from 'fastify';
import { fastifySessions } from '../../../src/adapters/fastify/index.ts';
import { fastifyPages } from '../fastify-pages.ts';
import { httpOptions, openSessions, ours } from '../sessions.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async (orders, resources) => {
  const session = fastifySessions(await openSessions(orders, resources), httpOptions);
  const mount = async (app: FastifyInstance): Promise<void> => {
    await app.register(session);
  };
  return fastifyPages(
    mount,
    ours((request) => session.of(request)),
  );
};
