import type { SessionClient } from '../../client/session-client.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { NodeResponse } from '../../http/servers/node-response.ts';
import { NodeSessions, type NodeRequest } from '../../http/servers/node-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';

export type * from '../../http/public-types.ts';

/** The middleware for Express 4 and 5, connect and `node:http`, and access to a request's session. */
export interface ExpressSessions<T, Input = T> {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void;
  /**
   * Returns the session of a request that went through the middleware.
   * @throws {ConfigurationError} it did not.
   */
  of(request: NodeRequest): RequestSession<T, Input>;
}

/**
 * Returns the sessions of an Express application. The middleware does no I/O: a route that asks for no session costs
 * nothing.
 * @throws {ConfigurationError} an option is wrong.
 */
export function expressSessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): ExpressSessions<T, Input> {
  const requests = new NodeSessions(new HttpSessions(sessions, options));
  const middleware = (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void => {
    requests.begin(request, response);
    next();
  };
  return Object.assign(middleware, { of: (request: NodeRequest) => requests.of(request) });
}
