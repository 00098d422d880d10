import type { SessionData } from '../session-data.ts';
import type { PageSessions } from './site.ts';

/** `request.session` of express-session and @fastify/session: an object that a page changes, and the library stores afterwards. */
export const requestSession: PageSessions<{ readonly session: object }> = {
  signIn: ({ session }, data) => void Object.assign(session, data),
  read: ({ session }) => session as SessionData,
  visit({ session }) {
    (session as SessionData).visits += 1;
    return session as SessionData;
  },
};
