import type { SessionClient } from '../../client/session-client.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { RequestSession } from '../../http/request-session.ts';
import { separate, WebSessions as WebRequests, type WebSessionOptions } from '../../http/web-sessions.ts';

export type { AssuranceLevel } from '../../http/policy.ts';
export type { CookieOptions, HttpSessionOptions } from '../../http/options.ts';
export type {
  Device,
  LoginOptions,
  RequestGetOptions,
  RequestSession,
  RequestUpdateOptions,
  UserSession,
} from '../../http/request-session.ts';
export type { WebSessionOptions } from '../../http/web-sessions.ts';

/** A function from a request to its response, with whatever else the framework passes. */
export type WebHandler<T, Input, R extends Request, Rest extends unknown[]> = (
  request: R,
  session: RequestSession<T, Input>,
  ...rest: Rest
) => Promise<Response> | Response;

/** Sessions for servers that answer a `Request` with a `Response`. */
export interface WebSessions<T, Input = T> {
  /**
   * Wraps a handler: the wrapped one takes the request, and passes its session on. The response carries the session cookie, after all calls
   * that the handler made, awaited or not, have ended. An outage is answered with 503 and `Retry-After`, what else the library
   * refuses with its own status. A `Response` that is thrown counts as returned; other errors are for `onError`.
   *
   * In a middleware: `handle(() => next())(request)`.
   */
  handle<R extends Request, Rest extends unknown[]>(
    handler: WebHandler<T, Input, R, Rest>,
  ): (request: R, ...rest: Rest) => Promise<Response>;
  /** The session of a request inside of `handle`. Throws `ConfigurationError` for another. */
  of(request: Request): RequestSession<T, Input>;
}

/** The sessions of a server of the web standard. Throws `ConfigurationError`. Does no I/O. */
export function webSessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: WebSessionOptions<Input>,
): WebSessions<T, Input> {
  const { onError = rethrow, http } = separate(options);
  const requests = new WebRequests(new HttpSessions(sessions, http));
  return {
    handle:
      (handler) =>
      (request, ...rest) =>
        requests.answer(
          request,
          (session) => handler(request, session, ...rest),
          (error) => onError(error, request),
        ),
    of: (request) => requests.of(request),
  };
}

function rethrow(error: unknown): never {
  throw error;
}
