import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import type { SessionClient, SessionClientOptions } from '../../../src/index.ts';
import { CookieJar } from '../../support/cookie-jar.ts';
import { memoryClient } from '../../support/memory-client.ts';

/** A client on memory tiers and real time, which closes when the test ends. */
export async function memorySessions(options: Partial<SessionClientOptions<unknown>> = {}): Promise<SessionClient> {
  const { sessions } = await memoryClient({ platform: systemPlatform, ...options });
  onTestFinished(() => sessions.close());
  return sessions;
}

/** Serves on a port of its own until the test ends. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The Set-Cookie headers. */
  readonly cookies: readonly string[];
}

/** A browser: its cookies, for one or several sites that share them. */
export class Jar {
  readonly #cookies: CookieJar;

  constructor(cookies: Iterable<readonly [string, string]> = []) {
    this.#cookies = new CookieJar(cookies);
  }

  /** Another browser with the cookies that this one has now. */
  copy(): Jar {
    return new Jar(this.#cookies);
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  async send(url: string, init: RequestInit = {}): Promise<Reply> {
    const cookie = this.#cookies.header;
    const headers = { ...(cookie !== '' && { cookie }), ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(url, { redirect: 'manual', ...init, headers });
    const cookies = response.headers.getSetCookie();
    this.#cookies.obey(cookies);
    return { status: response.status, headers: response.headers, body: await response.text(), cookies };
  }

  async json<T = unknown>(url: string, init?: RequestInit): Promise<T> {
    return JSON.parse((await this.send(url, init)).body) as T;
  }

  post(url: string, body?: unknown): Promise<Reply> {
    return this.send(url, {
      method: 'POST',
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }
}

/** A gate in a handler: it waits there until the test lets it go on. */
export class Gate {
  #open: () => void = () => undefined;
  #arrive: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));
  readonly arrived: Promise<void> = new Promise<void>((resolve) => (this.#arrive = resolve));

  pass(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}
