import type { SessionClient } from '../../client/session-client.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { NodeResponse } from '../../http/servers/node-response.ts';
import { NodeSessions, type NodeRequest } from '../../http/servers/node-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';

export type * from '../../http/public-types.ts';

/** Middleware for Express 4 and 5, connect and `node:http`, and the way to a request's session. */
export interface ExpressSessions<T, Input = T> {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void;
  /** The session of a request that went through the middleware. Throws `ConfigurationError` for another. */
  of(request: NodeRequest): RequestSession<T, Input>;
}

/**
 * The sessions of an Express application. The middleware does no I/O: a route that asks for no session costs nothing.
 * Throws `ConfigurationError`.
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
