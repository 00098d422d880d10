import { Agent, request as request1, type IncomingHttpHeaders } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts the request, as a browser does whose page is left. */
  readonly signal?: AbortSignal | undefined;
}

export interface Head {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Rejects where the server broke off. */
  readonly body: Promise<string>;
}

/** Sends a request; resolves with the head of its response, as soon as that is there. */
export type Transport = (origin: string, sent: Sent) => Promise<Head>;

/** HTTP/1.1 over so many connections to a site at most, which are kept alive. */
export const http1Over =
  (connections: number, agent: Agent = new Agent({ keepAlive: true, maxSockets: connections })): Transport =>
  (origin, { method, path, headers, signal }) =>
    new Promise((resolve, reject) => {
      const outgoing = request1(
        `${origin}${path}`,
        { agent, method, headers, ...(signal && { signal }) },
        (incoming) => {
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: textOf(incoming) });
        },
      );
      outgoing.on('error', reject).end();
    });

export const http1: Transport = http1Over(Infinity);

/** HTTP/2: every request of the browser over one connection, which trusts that authority. */
export function http2(origin: string, ca: string): { transport: Transport; close(): void } {
  const session: ClientHttp2Session = connect(origin, { ca });
  session.on('error', () => undefined);
  const transport: Transport = (_origin, { method, path, headers, signal }) =>
    new Promise((resolve, reject) => {
      const stream = session.request(
        { ':method': method, ':path': path, ...headers },
        { endStream: true, ...(signal && { signal }) },
      );
      stream.on('error', reject).on('response', (received) => {
        resolve({ status: received[':status'] ?? 0, headers: received, body: textOf(stream) });
      });
    });
  return { transport, close: () => session.destroy() };
}

function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const text = new Promise<string>((resolve, reject) => {
    let all = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (all += chunk));
    stream.on('end', () => resolve(all));
    for (const event of ['error', 'aborted', 'close']) stream.on(event, () => reject(new Error('broken off')));
  });
  // A caller that awaits it sees the rejection.
  text.catch(() => undefined);
  return text;
}
