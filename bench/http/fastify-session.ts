import cookie from '@fastify/cookie';
import session, { type FastifySessionOptions } from '@fastify/session';
import type { FastifyInstance } from 'fastify';
import { IDLE_MS } from '../stores/store.ts';
import { COOKIE_SECRET } from './site.ts';

/** Returns @fastify/session as its README sets it up, with the options of express-session. */
export function fastifySession(store: object): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await app.register(cookie);
    await app.register(session, {
      store: store as NonNullable<FastifySessionOptions['store']>,
      secret: COOKIE_SECRET,
      saveUninitialized: false,
      rolling: false,
      cookie: { secure: true, sameSite: 'lax', maxAge: IDLE_MS },
    });
  };
}
