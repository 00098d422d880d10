import { HoldfastStore } from '../../../src/adapters/express-session/index.ts';
import { fastifyPages } from '../fastify-pages.ts';
import { fastifySession } from '../fastify-session.ts';
import { requestSession } from '../request-session.ts';
import { openSessions, userIdOf } from '../sessions.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async (orders, resources) => {
  const sessions = await openSessions<unknown>(orders, resources);
  return fastifyPages(fastifySession(new HoldfastStore(sessions, { userIdOf })), requestSession);
};
