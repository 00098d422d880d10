import { ResponseHead } from '../../src/http/cookie/cookie-sink.ts';
import { Exchange } from '../../src/http/exchange.ts';
import type { HttpSessions } from '../../src/http/http-sessions.ts';
import { setCookieLine } from '../../src/http/cookie/session-cookie.ts';
import { CookieJar } from './cookie-jar.ts';

/** A request that a browser has sent and a server is about to answer. */
export interface Visit<T> {
  readonly session: Exchange<T>;
  /** The headers leave, and the browser obeys them. */
  answer(): Answer;
}

/** What a response says of the session. */
export interface Answer {
  /** The Set-Cookie headers. */
  readonly cookies: readonly string[];
  readonly isPrivate: boolean;
}

export interface VisitOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser in front of the sessions of a server, without a network between them. Its tabs share one jar. */
export class Browser<T> {
  readonly jar: CookieJar;
  readonly #http: HttpSessions<T>;

  constructor(http: HttpSessions<T>, jar: CookieJar = new CookieJar()) {
    this.#http = http;
    this.jar = jar;
  }

  /** The same browser, in front of another server. */
  at(http: HttpSessions<T>): Browser<T> {
    return new Browser(http, this.jar);
  }

  /** Another browser with the cookies that this one has now. */
  copy(): Browser<T> {
    return new Browser(this.#http, new CookieJar(this.jar));
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
    const cookie = this.jar.header;
    const all: Readonly<Record<string, string>> = { ...(cookie !== '' && { cookie }), ...headers };
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
    const cookies = (change?.cookies ?? []).map(setCookieLine);
    this.jar.obey(cookies);
    return { cookies, isPrivate: change?.cookies.length === 0 };
  }
}
