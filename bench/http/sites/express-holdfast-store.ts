import { HoldfastStore } from '../../../src/adapters/express-session/index.ts';
import { expressPages } from '../express-pages.ts';
import { expressSession } from '../express-session.ts';
import { requestSession } from '../request-session.ts';
import { openSessions, userIdOf } from '../sessions.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async (orders, resources) => {
  const sessions = await openSessions<unknown>(orders, resources);
  return expressPages(expressSession(new HoldfastStore(sessions, { userIdOf })), requestSession);
};
