import type { IncomingHttpHeaders } from 'node:http';
import { ResponseHead } from '../cookie/cookie-sink.ts';
import { Exchange } from '../exchange.ts';
import { Exchanges } from '../exchanges.ts';
import type { HttpSessions } from '../http-sessions.ts';
import { carryWithHeaders, type NodeResponse } from './node-response.ts';

/** The common parts of the requests of `node:http` and `node:http2`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The sessions of requests of `node:http` and `node:http2`, which Express, Fastify and Koa share. */
export class NodeSessions<T, Input = T> {
  readonly #http: HttpSessions<T, Input>;
  readonly #exchanges = new Exchanges<NodeRequest, T, Input>(
    'the session middleware did not run for this request; use it before the routes',
  );

  constructor(http: HttpSessions<T, Input>) {
    this.#http = http;
  }

  /** Begins the exchange, once for a request however often it is called. Does no I/O, so that it cannot fail. */
  begin(request: NodeRequest, response: NodeResponse): Exchange<T, Input> {
    const begun = this.begun(request);
    if (begun !== undefined) return begun;
    const head = new ResponseHead();
    const { method = 'GET' } = request;
    const exchange = new Exchange(this.#http, { method, header: (name) => headerOf(request, name) }, head);
    this.#exchanges.begin(request, exchange);
    // Headers that have been sent already take no cookie any more.
    if (response.headersSent) head.leave();
    else carryWithHeaders(response, head);
    return exchange;
  }

  /** Returns the exchange of a request, if it was begun. */
  begun(request: NodeRequest): Exchange<T, Input> | undefined {
    return this.#exchanges.begun(request);
  }

  /**
   * Returns the exchange of a request that went through the middleware.
   * @throws {ConfigurationError} it did not.
   */
  of(request: NodeRequest): Exchange<T, Input> {
    return this.#exchanges.of(request);
  }
}

function headerOf({ headers }: NodeRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join('; ') : value;
}
