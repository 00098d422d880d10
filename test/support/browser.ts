import { ResponseHead } from '../../src/http/cookie/cookie-sink.ts';
import { Exchange } from '../../src/http/exchange.ts';
import { HttpSessions } from '../../src/http/http-sessions.ts';
import type { HttpSessionOptions } from '../../src/http/options.ts';
import type { SessionClient } from '../../src/index.ts';

/** A request that a browser has sent and a server is about to answer. */
export interface Visit<T> {
  readonly session: Exchange<T>;
  /** The headers leave, and the browser obeys them. */
  answer(): Answer;
}

/** What a response says of the session. */
export interface Answer {
  /** `name=value` of the cookies that it sets; `name=` for one that it clears. */
  readonly cookies: readonly string[];
  readonly isPrivate: boolean;
}

export interface VisitOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser with one jar of cookies, in front of the sessions of a server; tabs share the jar. No network between them. */
export class Browser<T> {
  readonly jar = new Map<string, string>();
  readonly #http: HttpSessions<T>;

  constructor(sessions: SessionClient<T>, options: HttpSessionOptions<T>) {
    this.#http = new HttpSessions(sessions, options);
  }

  get name(): string {
    return this.#http.cookie.name;
  }

  /** The value of the session cookie. */
  get cookie(): string | undefined {
    return this.jar.get(this.name);
  }

  /** Sends a request with the cookies of now. */
  visit({ method = 'GET', headers = {} }: VisitOptions = {}): Visit<T> {
    const cookies = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const all: Readonly<Record<string, string>> = { ...(cookies !== '' && { cookie: cookies }), ...headers };
    const head = new ResponseHead();
    const session = new Exchange(this.#http, { method, header: (name) => all[name] }, head);
    return { session, answer: () => this.#obey(head) };
  }

  /** One request whose handler is `handle`. */
  async send<R>(handle: (session: Exchange<T>) => Promise<R>, options?: VisitOptions): Promise<R> {
    const { session, answer } = this.visit(options);
    try {
      return await handle(session);
    } finally {
      answer();
    }
  }

  #obey(head: ResponseHead): Answer {
    const change = head.leave();
    for (const { name, value, attributes } of change?.cookies ?? []) {
      if (attributes.maxAge === 0) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return {
      cookies: (change?.cookies ?? []).map(({ name, value }) => `${name}=${value}`),
      isPrivate: change?.cookies.length === 0,
    };
  }
}
