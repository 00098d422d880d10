import type { Server } from 'node:http';
import type { DeepReadonly } from '../../src/client/data/plain-data.ts';
import type { SessionData } from '../session-data.ts';
import type { SiteOrders } from './orders.ts';

/** The data that a page gets of its session; undefined or null if there is none. */
export type Seen = DeepReadonly<SessionData> | null | undefined;

/** Reads and changes the session of a request with its library. */
export interface PageSessions<Request> {
  signIn(request: Request, data: SessionData): Promise<unknown> | void;
  read(request: Request): Promise<Seen> | Seen;
  /** Counts one visit more. */
  visit(request: Request): Promise<Seen> | Seen;
}

/** Opens one of the sites; what it opens is closed with `resources`. */
export type OpenSite = (orders: SiteOrders, resources: AsyncDisposableStack) => Promise<Server>;

/** The secret of the peers' cookies; ours are secure by default. */
export const COOKIE_SECRET = 'a secret of thirty-two characters, or more';
