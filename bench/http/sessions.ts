import type { SessionClient } from '../../src/index.ts';
import type { HttpSessionOptions } from '../../src/http/options.ts';
import type { RequestSession } from '../../src/http/request-session.ts';
import { countVisit, openClient, openDatabaseAt } from '../stores/holdfast.ts';
import { newSessionData, type SessionData } from '../session-data.ts';
import type { SiteOrders } from './orders.ts';
import { FIRST_USER } from './page.ts';
import type { PageSessions } from './site.ts';
import { counted } from './statements.ts';

/** The rights of our user of Redis cover the namespaces of all sites. */
export const NAMESPACES = 'bench-*';

/**
 * Opens a client with the library's defaults, in a namespace and a database of its own, whose statements are counted.
 */
export async function openSessions<T = SessionData>(
  { site, redis, databaseUrl, databaseCa }: SiteOrders,
  resources: AsyncDisposableStack,
): Promise<SessionClient<T>> {
  if (databaseUrl === undefined) throw new Error(`${site} needs a database.`);
  const database = await openDatabaseAt(databaseUrl, databaseCa);
  resources.defer(() => database.close());
  const namespace = NAMESPACES.replace('*', site.toLowerCase());
  const sessions = await openClient<T>({ redis }, { prisma: counted(database.prisma) }, { namespace });
  resources.defer(() => sessions.close());
  return sessions;
}

export const httpOptions: HttpSessionOptions<SessionData> = { initial: () => newSessionData(FIRST_USER) };

/** Returns the user of a session, under whom every binding of ours stores it. */
export function userIdOf(session: object): string | undefined {
  return (session as Partial<SessionData>).userId;
}

/** Calls what an application of the native bindings calls. */
export function ours<Request>(of: (request: Request) => RequestSession<SessionData>): PageSessions<Request> {
  return {
    signIn: (request, data) => of(request).login(data.userId, { data }),
    read: async (request) => (await of(request).get())?.data,
    visit: async (request) => (await of(request).update(countVisit)).data,
  };
}
