import type { IncomingHttpHeaders } from 'node:http';
import { CookieJar } from '../../support/cookie-jar.ts';
import type { Site } from './subject.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The Set-Cookie headers. */
  readonly cookies: readonly string[];
  readonly body: string;
}

export interface How {
  /** Which of the nodes behind the load balancer gets it. @defaultValue one after another */
  readonly node?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the request, with the cookies of now, and how long the response's head are on the way. */
  readonly latencyMs?: readonly [up: number, down: number];
  readonly signal?: AbortSignal;
}

/** A browser with its cookies, and as many tabs as it has requests at one time. The nodes are behind one name for it. */
export class Browser {
  readonly #nodes: readonly Site[];
  readonly #jar: CookieJar;
  readonly #check: (reply: Reply) => void;
  #turn = 0;

  /** `check` sees every reply, and may throw. */
  constructor(
    nodes: readonly Site[],
    cookies: Iterable<readonly [string, string]> = [],
    check: (reply: Reply) => void = () => undefined,
  ) {
    this.#nodes = nodes;
    this.#jar = new CookieJar(cookies);
    this.#check = check;
  }

  /** Another browser with the cookies that this one has now. */
  copy(): Browser {
    return new Browser(this.#nodes, this.#jar, this.#check);
  }

  cookie(name = '__Host-sid'): string | undefined {
    return this.#jar.get(name);
  }

  get(path: string, how?: How): Promise<Reply> {
    return this.#send('GET', path, how);
  }

  head(path: string, how?: How): Promise<Reply> {
    return this.#send('HEAD', path, how);
  }

  post(path: string, how?: How): Promise<Reply> {
    return this.#send('POST', path, how);
  }

  /** Follows a redirect, as browsers do, with the cookies that came with it. */
  async follow({ status, headers }: Reply, how?: How): Promise<Reply> {
    if (status !== 303 || headers.location === undefined) throw new Error(`${status} is no redirect`);
    return this.get(headers.location, how);
  }

  async #send(method: string, path: string, how: How = {}): Promise<Reply> {
    const { origin, transport } = this.#nodes[(how.node ?? this.#turn++) % this.#nodes.length]!;
    const cookie = this.#jar.header;
    const [up, down] = how.latencyMs ?? [0, 0];
    await travel(up);
    const headers = { ...(cookie !== '' && { cookie }), ...how.headers };
    const head = await transport(origin, { method, path, headers, signal: how.signal });
    await travel(down);
    const cookies = head.headers['set-cookie'] ?? [];
    this.#jar.obey(cookies);
    const reply = { status: head.status, headers: head.headers, cookies, body: await head.body };
    this.#check(reply);
    return reply;
  }
}

const travel = (ms: number): Promise<void> | undefined =>
  ms > 0 ? new Promise((resolve) => void setTimeout(resolve, ms)) : undefined;
