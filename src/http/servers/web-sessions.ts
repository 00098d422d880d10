import { isHoldfastError } from '../../errors.ts';
import { carry, ResponseHead, type HeadChange } from '../cookie/cookie-sink.ts';
import { Exchange } from '../exchange.ts';
import { Exchanges } from '../exchanges.ts';
import type { HttpSessions } from '../http-sessions.ts';

/** Answers an error that a handler threw, or leaves it (`undefined`). `change` holds the cookies for the response. */
type ErrorHandler = (
  error: unknown,
  change: HeadChange | undefined,
) => Promise<Response | undefined> | Response | undefined;

/** The sessions of requests of the web standard, `Request` and `Response`. */
export class WebSessions<T, Input = T> {
  readonly #http: HttpSessions<T, Input>;
  readonly #exchanges = new Exchanges<Request, T, Input>(
    'expected the Request object that handle() was called with; a framework may have made a copy of it',
  );

  constructor(http: HttpSessions<T, Input>) {
    this.#http = http;
  }

  /** Answers one request: waits for all calls that `handler` made, awaited or not, then puts the cookie onto its response. */
  async answer(
    request: Request,
    handler: (exchange: Exchange<T, Input>) => Promise<Response> | Response,
    onError: ErrorHandler,
  ): Promise<Response> {
    const begun = this.#exchanges.begun(request);
    // A wrapped handler that runs inside of another one: the outer one adds the cookie.
    if (begun !== undefined) return handler(begun);
    const head = new ResponseHead();
    const exchange = this.#exchanges.begin(request, new Exchange(this.#http, requestHead(request), head));
    const outcome = await outcomeOf(async () => handler(exchange));
    await exchange.settled();
    const change = head.leave();
    if ('response' in outcome) return carrying(outcome.response, change);
    const { error } = outcome;
    const answer = (await onError(this.#http.answerable(error), change)) ?? answerOf(error);
    if (answer === undefined) throw error;
    return carrying(answer, change);
  }

  /**
   * Returns the exchange of a request that is being answered.
   * @throws {ConfigurationError} it is not.
   */
  of(request: Request): Exchange<T, Input> {
    return this.#exchanges.of(request);
  }
}

/**
 * Returns the response, or a copy with the change in its headers: those of some responses are immutable, and one object
 * may be sent twice.
 */
function carrying(response: Response, change: HeadChange | undefined): Response {
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

/**
 * Returns the answer to a thrown `Response` or to an error of the library, except one of status 500, which a person has
 * to see.
 */
export function answerOf(error: unknown): Response | undefined {
  if (error instanceof Response) return error;
  if (!isHoldfastError(error) || !('getResponse' in error)) return undefined;
  return (error.getResponse as () => Response)();
}
