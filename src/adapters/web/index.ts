import type { SessionClient } from '../../client/session-client.ts';
import { ConfigurationError } from '../../errors.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';
import { WebSessions as WebRequests } from '../../http/servers/web-sessions.ts';

export type * from '../../http/public-types.ts';

export interface WebSessionOptions<Input> extends HttpSessionOptions<Input> {
  /**
   * Answers an error that a handler throws, such as an outage; the response then carries the cookie that the handler
   * had set. Without `onError`, or if it returns `undefined`, an error of the library is answered with its status (503
   * with Retry-After, 409, 401, 403). Every other error is rethrown, and the cookie of a `login` before it then never
   * reaches the browser.
   */
  readonly onError?: (error: unknown, request: Request) => Promise<Response | undefined> | Response | undefined;
}

/** A function from a request to its response, with further arguments of the framework. */
export type WebHandler<T, Input, R extends Request, Rest extends unknown[]> = (
  request: R,
  session: RequestSession<T, Input>,
  ...rest: Rest
) => Promise<Response> | Response;

/** The sessions of servers that answer a `Request` with a `Response`. */
export interface WebSessions<T, Input = T> {
  /**
   * Wraps a handler: the wrapped one takes the request, and passes its session on. The response carries the session cookie, after all calls
   * that the handler made, awaited or not, have ended. Without `onError` an outage is answered with 503 and `Retry-After`, other
   * errors of the library with their status, except those of status 500. A `Response` that is thrown counts as returned.
   *
   * In a middleware: `handle(() => next())(request)`.
   */
  handle<R extends Request, Rest extends unknown[]>(
    handler: WebHandler<T, Input, R, Rest>,
  ): (request: R, ...rest: Rest) => Promise<Response>;
  /**
   * Returns the session of a request inside of `handle`.
   * @throws {ConfigurationError} the request is not in one.
   */
  of(request: Request): RequestSession<T, Input>;
}

/**
 * Returns the sessions of a server of the web standard. Does no I/O.
 * @throws {ConfigurationError} an option is wrong.
 */
export function webSessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: WebSessionOptions<Input>,
): WebSessions<T, Input> {
  const { onError, http } = separate(options);
  const requests = new WebRequests(new HttpSessions(sessions, http));
  return {
    handle:
      (handler) =>
      (request, ...rest) =>
        requests.answer(
          request,
          (session) => handler(request, session, ...rest),
          (error) => (error instanceof Response ? undefined : onError?.(error, request)),
        ),
    of: (request) => requests.of(request),
  };
}

/** Separates the option of this binding from those that all bindings have. */
function separate<Input>(options: WebSessionOptions<Input>): {
  readonly onError: WebSessionOptions<Input>['onError'];
  readonly http: HttpSessionOptions<Input>;
} {
  const { onError, ...http } = Object.assign(Object.create(null), options) as WebSessionOptions<Input>;
  if (onError === undefined || typeof onError === 'function') return { onError, http };
  throw new ConfigurationError('onError: expected a function that returns a Response.');
}
