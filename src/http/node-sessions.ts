import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConfigurationError } from '../errors.ts';
import { ResponseHead } from './cookie-sink.ts';
import { Exchange } from './exchange.ts';
import type { HttpSessions } from './http-sessions.ts';
import { beforeHeaders } from './node-response.ts';
import { setCookieLine } from './session-cookie.ts';

/** The sessions of requests of `node:http`, which Express, Fastify and Koa share. */
export class NodeSessions<T, Input = T> {
  readonly #http: HttpSessions<T, Input>;
  readonly #exchanges = new WeakMap<IncomingMessage, Exchange<T, Input>>();

  constructor(http: HttpSessions<T, Input>) {
    this.#http = http;
  }

  /** Begins the exchange, once for a request however often it is called. Does no I/O, so that it cannot fail. */
  begin(request: IncomingMessage, response: ServerResponse): Exchange<T, Input> {
    const begun = this.#exchanges.get(request);
    if (begun !== undefined) return begun;
    const head = new ResponseHead();
    const { method = 'GET' } = request;
    const exchange = new Exchange(this.#http, { method, header: (name) => headerOf(request, name) }, head);
    this.#exchanges.set(request, exchange);
    beforeHeaders(response, () => carryCookie(response, head));
    return exchange;
  }

  /** The exchange of a request that went through the middleware. Throws `ConfigurationError` for another. */
  of(request: IncomingMessage): Exchange<T, Input> {
    const exchange = this.#exchanges.get(request);
    if (exchange !== undefined) return exchange;
    throw new ConfigurationError(
      'session.of: the session middleware did not run for this request; use it before the routes.',
    );
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join('; ') : value;
}

/** A response that sets a session cookie must not be stored, whatever the application says of it. */
function carryCookie(response: ServerResponse, head: ResponseHead): void {
  const change = head.leave();
  if (change === undefined) return;
  response.appendHeader('Set-Cookie', setCookieLine(change));
  response.setHeader('Cache-Control', 'no-store');
}
