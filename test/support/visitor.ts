import { ResponseHead } from '../../src/http/cookie/cookie-sink.ts';
import { Exchange } from '../../src/http/exchange.ts';
import type { HttpSessions } from '../../src/http/http-sessions.ts';
import type { RequestSession } from '../../src/http/request-session.ts';

/** A browser: the cookies of one visitor, and requests that bring and take them. No network. */
export class Visitor {
  readonly jar = new Map<string, string>();
  /** The Max-Age of the cookie that was set last, by name. */
  readonly maxAges = new Map<string, number | undefined>();

  constructor(cookies: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(cookies)) this.jar.set(name, value);
  }

  /** One request; its cookies are those of now, and what it answers takes effect when the handler has ended, also by an error. */
  async request<T, R>(
    http: HttpSessions<T>,
    handler: (session: RequestSession<T>) => Promise<R>,
    { method = 'POST', head = new ResponseHead() } = {},
  ): Promise<R> {
    const header = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const exchange = new Exchange(http, { method, header: (name) => (name === 'cookie' ? header : undefined) }, head);
    try {
      return await handler(exchange);
    } finally {
      await exchange.settled();
      for (const { name, value, attributes } of head.leave()?.cookies ?? []) {
        this.maxAges.set(name, attributes.maxAge);
        if (attributes.maxAge === 0) this.jar.delete(name);
        else this.jar.set(name, value);
      }
    }
  }
}
