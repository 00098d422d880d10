import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inParallel } from '../measure/in-parallel.ts';
import { Connections, type Reply } from './connections.ts';
import { PAGES, type PageKey, type SiteKey } from './names.ts';
import type { Ready, SiteMessage, SiteOrders, Usage } from './orders.ts';
import { FIRST_USER } from './page.ts';

/** Exceeds the timeout of every compared store, so that its answer is seen. */
const REPLY_MS = 8_000;
const SESSIONS = 250;
const SETUP_CALLERS = 32;

/** A server in a process of its own, users that are signed in to it, and connections to it. */
export class RunningSite implements Disposable {
  readonly key: SiteKey;
  readonly #process: ChildProcess;
  readonly #connections: Connections;
  /** The cookies of users that only read, and of users that also write. */
  #cookies: Readonly<Record<'signedIn' | 'write', readonly string[]>> = { signedIn: [], write: [] };

  private constructor(key: SiteKey, process: ChildProcess, port: number) {
    this.key = key;
    this.#process = process;
    this.#connections = new Connections(port, REPLY_MS);
  }

  static async start(orders: SiteOrders): Promise<RunningSite> {
    const process = fork(fileURLToPath(new URL('site-process.ts', import.meta.url)), {
      env: { ...globalThis.process.env, NODE_ENV: 'production' },
    });
    const { port } = await ask<Ready>(process, orders);
    const site = new RunningSite(orders.site, process, port);
    site.#cookies = { signedIn: await site.#signIn(), write: await site.#signIn() };
    return site;
  }

  /** Returns the texts of requests for this page, one for each session. */
  requestsFor(page: PageKey): readonly string[] {
    const { method, path } = PAGES[page];
    if (page === 'anonymous') return [requestText(method, path)];
    return this.#cookies[page].map((cookie) => requestText(method, path, cookie));
  }

  /** Sends the text of a request. Rejects if there is no answer. */
  request(text: string): Promise<Reply> {
    return this.#connections.request(text);
  }

  usage(): Promise<Usage> {
    return ask(this.#process, 'usage');
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
    if (this.#process.connected) this.#process.disconnect();
  }

  #signIn(): Promise<string[]> {
    const users = Array.from({ length: SESSIONS }, (_, at) => FIRST_USER + at);
    return inParallel(users, SETUP_CALLERS, async (user) => {
      const { status, head } = await this.request(requestText('POST', `/sign-in?user=${user}`));
      const cookie = /^set-cookie: *([^;]+)/im.exec(head)?.[1];
      if (status !== 200 || cookie === undefined) throw new Error(`${this.key}: signing in was answered ${status}`);
      return cookie;
    });
  }
}

/** Returns a request as it comes from the proxy that terminates TLS. */
function requestText(method: string, path: string, cookie?: string): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: shop.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-For: 192.0.2.1',
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    ...(method === 'POST' ? ['Content-Length: 0'] : []),
    '\r\n',
  ].join('\r\n');
}

/** Sends one message and returns the answer. Rejects if the process ends instead. */
async function ask<T>(process: ChildProcess, message: SiteMessage): Promise<T> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once('exit', end);
  try {
    const answer = once(process, 'message', { signal: ended.signal });
    process.send(message);
    const [value] = (await answer) as [T];
    return value;
  } finally {
    process.off('exit', end);
  }
}
