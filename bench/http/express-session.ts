import type { RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import { IDLE_MS } from '../stores/store.ts';
import { COOKIE_SECRET } from './site.ts';

/** Returns express-session as its README sets it up for production. */
export function expressSession(store: Store): RequestHandler {
  return session({
    store,
    secret: COOKIE_SECRET,
    resave: false,
    saveUninitialized: false,
    rolling: false,
    cookie: { secure: true, sameSite: 'lax', maxAge: IDLE_MS },
  });
}
