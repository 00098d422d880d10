import type { Context, MiddlewareHandler } from 'hono';
import type { SessionClient } from '../../client/session-client.ts';
import { carry, ResponseHead, type HeaderTarget } from '../../http/cookie/cookie-sink.ts';
import { Exchange } from '../../http/exchange.ts';
import { Exchanges } from '../../http/exchanges.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';

export type * from '../../http/public-types.ts';

/**
 * The variables that the middleware adds to Hono's context: `c.var.session`, typed where the application is one chain
 * of calls.
 */
export interface HonoSessionEnv<T, Input = T> {
  Variables: { session: RequestSession<T, Input> };
}

/** The middleware, and access to a request's session that needs no chain. */
export interface HonoSessions<T, Input = T> extends MiddlewareHandler<HonoSessionEnv<T, Input>> {
  /**
   * Returns the session of a request that went through the middleware.
   * @throws {ConfigurationError} it did not.
   */
  of(context: Context): RequestSession<T, Input>;
}

/**
 * Returns the sessions of a Hono application. The middleware does no I/O: a route that asks for no session costs
 * nothing.
 * @throws {ConfigurationError} an option is wrong.
 */
export function honoSessions<T, Input = T>(
  sessions: SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): HonoSessions<T, Input> {
  const http = new HttpSessions(sessions, options);
  const exchanges = new Exchanges<Context, T, Input>(
    'the session middleware did not run for this context; use it before the routes, and app.route() instead of app.mount()',
  );

  const middleware: MiddlewareHandler<HonoSessionEnv<T, Input>> = async (context, next) => {
    // A sub-application may use the middleware too: the outer one carries the cookie.
    if (exchanges.begun(context) !== undefined) return next();
    const head = new ResponseHead();
    const { method } = context.req;
    const exchange = new Exchange(http, { method, header: (name) => context.req.header(name) }, head);
    exchanges.begin(context, exchange);
    context.set('session', exchange);
    // If a handler throws, `next` does not: Hono has answered the error by the time that it returns.
    await next();
    await exchange.settled();
    const change = head.leave();
    if (change !== undefined) carry(change, headersOf(context));
  };
  return Object.assign(middleware, { of: (context: Context) => exchanges.of(context) });
}

/**
 * Returns the response's headers. Hono copies a response before it changes them, since they may be immutable or shared
 * between requests.
 */
function headersOf(context: Context): HeaderTarget {
  return {
    has: (name) => context.res.headers.has(name),
    set: (name, value) => context.header(name, value),
    append: (name, value) => context.header(name, value, { append: true }),
  };
}
