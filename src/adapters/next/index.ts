import { cookies, headers } from 'next/headers.js';
import { after, type NextRequest } from 'next/server.js';
import type { SessionClient } from '../../client/session-client.ts';
import { ConfigurationError } from '../../errors.ts';
import type { HeadChange } from '../../http/cookie/cookie-sink.ts';
import { Exchange } from '../../http/exchange.ts';
import { HttpSessions } from '../../http/http-sessions.ts';
import type { HttpSessionOptions } from '../../http/options.ts';
import type { RequestSession } from '../../http/request-session.ts';
import { answerOf, WebSessions } from '../../http/servers/web-sessions.ts';
import { JarSink, putInto, type CookieJar } from './cookie-jar.ts';

export type * from '../../http/public-types.ts';

/** A route handler, or a proxy, with the session of its request. `rest` is what Next passes besides: the route's context. */
export type NextHandler<T, Input, Rest extends unknown[]> = (
  request: NextRequest,
  session: RequestSession<T, Input>,
  ...rest: Rest
) => Promise<Response> | Response;

/** The sessions of a Next application with the App Router. */
export interface NextSessions<T, Input = T> {
  /**
   * Returns the session of the request. Server actions read and write; in server components, calls that write reject
   * before any I/O.
   */
  (): Promise<RequestSession<T, Input>>;
  /**
   * Wraps a route handler or the proxy. Answers an outage with 503 and `Retry-After`, and other errors of the library with their
   * status. The response carries the session cookie also where the handler calls `redirect()` or `notFound()`, or fails, after a login;
   * Next reports such a failure as it reports those of `after()`.
   */
  route<Rest extends unknown[]>(
    handler: NextHandler<T, Input, Rest>,
  ): (request: NextRequest, ...rest: Rest) => Promise<Response>;
}

/**
 * Returns the sessions of a Next application. `source` returns the application's one client and has to keep it on
 * `globalThis`: Next evaluates a module once for each bundle, and during the build. `source` is called, and the options
 * are checked, when a request first needs a session.
 * @throws {ConfigurationError} an option is wrong.
 */
export function nextSessions<T, Input = T>(
  source: () => SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): NextSessions<T, Input> {
  if (typeof source !== 'function') throw new ConfigurationError('source: expected a function that returns a client.');
  const exchanges = new WeakMap<CookieJar, RequestSession<T, Input>>();
  let opened: { readonly http: HttpSessions<T, Input>; readonly web: WebSessions<T, Input> } | undefined;

  const open = () => {
    if (opened !== undefined) return opened;
    const http = new HttpSessions(source(), options);
    opened = { http, web: new WebSessions(http) };
    return opened;
  };

  const accessor = async (): Promise<RequestSession<T, Input>> => {
    const [jar, { http }] = [await cookies(), open()];
    const sent = (await headers()).get('cookie') ?? '';
    const begun = exchanges.get(jar);
    if (begun !== undefined) return begun;
    // The jar knows what an action has set before its page is rendered. Next itself refuses an action that another site sent.
    const cookie = `${http.cookie.name}=${jar.get(http.cookie.name)?.value ?? ''}; ${sent}`;
    const head = { method: 'GET', header: (name: string) => (name === 'cookie' ? cookie : null) };
    const sink = new JarSink(jar);
    // Where no page is rendered after an action, Next goes on to take cookies that it sends nowhere.
    if (sink.isOpen) after(() => sink.end());
    const session = new Exchange(http, head, sink);
    exchanges.set(jar, session);
    return session;
  };

  const route: NextSessions<T, Input>['route'] =
    (handler) =>
    async (request, ...rest) => {
      const jar = await cookies();
      return open().web.answer(
        request,
        (session) => {
          exchanges.set(jar, session);
          return handler(request, session, ...rest);
        },
        (error, change) => answerThrown(error, change, jar),
      );
    };

  return Object.assign(accessor, { route });
}

/**
 * Answers an error after a cookie was set: Next drops the cookies of a route handler that throws. Returns undefined to
 * leave the error to Next.
 */
function answerThrown(error: unknown, change: HeadChange | undefined, jar: CookieJar): Response | undefined {
  if (change === undefined || change.cookies.length === 0 || answerOf(error) !== undefined) return undefined;
  const [kind, ...details] = digestOf(error).split(';');
  if (kind === 'NEXT_REDIRECT') {
    // A redirect is the one error whose answer Next sends with the cookies.
    for (const cookie of change.cookies) putInto(jar, cookie);
    return undefined;
  }
  if (kind === 'NEXT_HTTP_ERROR_FALLBACK') return new Response(null, { status: Number(details[0]) });
  after(() => {
    throw error;
  });
  return new Response('Internal Server Error', { status: 500 });
}

/** Returns the digest of an error, by which Next recognizes errors of its own functions. */
function digestOf(error: unknown): string {
  return error instanceof Error && 'digest' in error && typeof error.digest === 'string' ? error.digest : '';
}
