import type { SessionClient } from '../../client/session-client.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { NodeResponse } from '../../http/servers/node-response.ts';
import { NodeSessions, type NodeRequest } from '../../http/servers/node-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';

export type * from '../../http/public-types.ts';

/** The parts of Koa's context that the middleware uses. */
interface Context {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
}

/** The middleware, and access to a request's session. */
export interface KoaSessions<T, Input = T> {
  (context: Context, next: () => Promise<unknown>): Promise<void>;
  /**
   * Returns the session of a request that went through the middleware.
   * @throws {ConfigurationError} it did not.
   */
  of(context: Pick<Context, 'req'>): RequestSession<T, Input>;
}

/**
 * Returns the sessions of a Koa application. The middleware does no I/O: a route that asks for no session costs
 * nothing.
 * @throws {ConfigurationError} an option is wrong.
 */
export function koaSessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): KoaSessions<T, Input> {
  const requests = new NodeSessions(new HttpSessions(sessions, options));
  const middleware = async ({ req, res }: Context, next: () => Promise<unknown>): Promise<void> => {
    // Adds the cookie when Node sends the headers, because Koa removes all headers set so far when a handler throws.
    const exchange = requests.begin(req, res);
    try {
      await next();
    } finally {
      await exchange.settled();
    }
  };
  return Object.assign(middleware, { of: ({ req }: Pick<Context, 'req'>) => requests.of(req) });
}
