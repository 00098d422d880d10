import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpSessionOptions, RequestSession } from 'holdfast/express';
import type { KeyRingJwks, SessionClient } from '../../../src/index.ts';
import type { NodeOptions } from '../../support/real-client.ts';
import { http1, type Transport } from './transport.ts';
import type { Shop } from './shop.ts';

/** An entry point, mounted in the framework that it is for. The contract knows no more of it than this. */
export interface Subject {
  readonly name: string;
  /** Whether a response waits for calls that its handler did not await. Where it cannot, such a login is refused. */
  readonly waits: boolean;
  /** Serves the routes on a free port of 127.0.0.1. */
  start(application: Application): Promise<Site>;
}

/** What every subject serves, in whatever way its framework serves it. */
export interface Application {
  readonly sessions: SessionClient<Shop>;
  readonly options: HttpSessionOptions<Shop>;
  readonly routes: Routes;
  /** Where the tiers of `sessions` are, for a subject in another process, which makes a client of its own. `openStand` gives it. */
  readonly servers?: Servers;
  /**
   * Where it is given, the application's own error handler, installed as the framework's manual says, answers with it. Otherwise the
   * framework's default answers, without any code of the application.
   */
  readonly onError?: (error: unknown) => Answer;
}

/** A client's tiers and keys, as plain data. */
export interface Servers {
  readonly redis: NodeOptions['redis'];
  /** A PostgreSQL. */
  readonly database: { readonly url: string; readonly ca: string | undefined };
  readonly namespace: string;
  readonly ring: KeyRingJwks;
}

/** Handlers by method and path, such as `POST /login`. A handler of GET also serves HEAD. Nobody sends a body; what they have to say is in the query. */
export type Routes = Readonly<Record<string, Handler>>;

export type Handler = (session: RequestSession<Shop>, query: URLSearchParams) => Answer | Promise<Answer>;

export interface Answer {
  /** @defaultValue 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is iterated is streamed, chunk by chunk, as the framework streams. */
  readonly body?: AsyncIterable<string> | string;
}

export interface Site {
  readonly origin: string;
  readonly transport: Transport;
  close(): Promise<void>;
}

/** The routes one by one. */
export function entriesOf(routes: Routes): { method: 'GET' | 'POST'; path: string; handle: Handler }[] {
  return Object.entries(routes).map(([name, handle]) => {
    const [method, path = ''] = name.split(' ');
    return { method: method === 'POST' ? 'POST' : 'GET', path, handle };
  });
}

/** The handler of a request, for subjects that have no router. */
export function handlerOf(routes: Routes, method = 'GET', url = '/'): Handler {
  const handler = routes[`${method === 'HEAD' ? 'GET' : method} ${new URL(url, 'http://localhost').pathname}`];
  return handler ?? (() => ({ status: 404, body: 'no such page' }));
}

export const queryOf = (url = '/'): URLSearchParams => new URL(url, 'http://localhost').searchParams;

/** A site of `node:http`. */
export async function listen(listener: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Site> {
  const { createServer } = await import('node:http');
  // A busy machine must not find a connection closed that it has just chosen for the next request.
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void listener(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    transport: http1,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
