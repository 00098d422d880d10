import { ConfigurationError, isHoldfastError } from '../errors.ts';
import { carry, ResponseHead, type HeadChange } from './cookie-sink.ts';
import { Exchange } from './exchange.ts';
import type { HttpSessions } from './http-sessions.ts';
import type { HttpSessionOptions } from './options.ts';

export interface WebSessionOptions<Input> extends HttpSessionOptions<Input> {
  /**
   * Answers an error that a handler throws; the response then carries the cookie that the handler had set. Without it the error is
   * thrown on, and the cookie of a `login` before it never reaches the browser. @defaultValue throws the error on
   */
  readonly onError?: (error: unknown, request: Request) => Promise<Response> | Response;
}

/** The option that is the binding's, and those that all bindings have. */
export function separate<Input>(options: WebSessionOptions<Input>): {
  readonly onError: WebSessionOptions<Input>['onError'];
  readonly http: HttpSessionOptions<Input>;
} {
  const { onError, ...http } = Object.assign(Object.create(null), options) as WebSessionOptions<Input>;
  if (onError === undefined || typeof onError === 'function') return { onError, http };
  throw new ConfigurationError('onError: expected a function that returns a Response.');
}

/** What becomes of an error that a handler throws: a response, or an error again. `change` is what its response was to carry. */
export type ErrorHandler = (error: unknown, change: HeadChange | undefined) => Promise<Response> | Response;

/** The sessions of requests of the web standard, `Request` and `Response`. */
export class WebSessions<T, Input = T> {
  readonly #http: HttpSessions<T, Input>;
  readonly #exchanges = new WeakMap<Request, Exchange<T, Input>>();

  constructor(http: HttpSessions<T, Input>) {
    this.#http = http;
  }

  /** Answers one request: waits for all calls that `handler` made, awaited or not, then puts the cookie onto its response. */
  async answer(
    request: Request,
    handler: (exchange: Exchange<T, Input>) => Promise<Response> | Response,
    onError: ErrorHandler,
  ): Promise<Response> {
    const begun = this.#exchanges.get(request);
    // A handler inside of another one: that one carries the cookie.
    if (begun !== undefined) return handler(begun);
    const head = new ResponseHead();
    const exchange = new Exchange(this.#http, requestHead(request), head);
    this.#exchanges.set(request, exchange);
    const outcome = await outcomeOf(async () => handler(exchange));
    await exchange.settled();
    const change = head.leave();
    if ('response' in outcome) return carrying(outcome.response, change);
    const answer = answerOf(this.#http.answerable(outcome.error));
    return carrying(answer ?? (await onError(outcome.error, change)), change);
  }

  /** The exchange of a request that is being answered. Throws `ConfigurationError` for another. */
  of(request: Request): Exchange<T, Input> {
    const exchange = this.#exchanges.get(request);
    if (exchange !== undefined) return exchange;
    throw new ConfigurationError(
      'session.of: expected the Request object that handle() was called with; a framework may have made a copy of it.',
    );
  }
}

/** The response, or a copy that carries the change: the headers of some responses cannot be changed, and one may be sent twice. */
export function carrying(response: Response, change: HeadChange | undefined): Response {
  if (change === undefined) return response;
  const copy = new Response(response.body, response);
  carry(change, copy.headers);
  return copy;
}

function requestHead({ method, headers }: Request): { method: string; header: (name: string) => string | null } {
  return { method, header: (name) => headers.get(name) };
}

type Outcome = { readonly response: Response } | { readonly error: unknown };

async function outcomeOf(handler: () => Promise<Response>): Promise<Outcome> {
  try {
    return { response: await handler() };
  } catch (error) {
    return { error };
  }
}

/** The answer to what was thrown on purpose, and to errors that are the request's or the moment's doing. Somebody has to see the others. */
function answerOf(error: unknown): Response | undefined {
  if (error instanceof Response) return error;
  if (!isHoldfastError(error) || error.status === 500 || !('getResponse' in error)) return undefined;
  return (error.getResponse as () => Response)();
}
