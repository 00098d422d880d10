import { expressSessions } from '../../../src/adapters/express/index.ts';
import { expressPages } from '../express-pages.ts';
import { httpOptions, openSessions, ours } from '../sessions.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async (orders, resources) => {
  const session = expressSessions(await openSessions(orders, resources), httpOptions);
  return expressPages(
    session,
    ours((request) => session.of(request)),
  );
};
