import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerCertificates } from './certificates.ts';

/** A fatal alert, handshake_failure (RFC 8446 §6). */
const HANDSHAKE_FAILURE = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n';

/** Listens where another server is expected, answers one connection, and is gone: a port in a restart, or in other hands for a moment. */
const strangers = {
  /** Refuses the handshake of TLS. */
  refusing: () => createTcpServer((socket) => answer(socket, HANDSHAKE_FAILURE)),
  /** Speaks TLS, and shows a certificate that nobody asked for. */
  certified: ({ certificate, privateKey }: ServerCertificates) =>
    createTlsServer({ cert: certificate, key: privateKey }),
  /** Answers in plain text, as a proxy that has no server yet. */
  plain: () => createTcpServer((socket) => answer(socket, UNAVAILABLE)),
} satisfies Record<string, (certificates: ServerCertificates) => Server>;

export type Stranger = keyof typeof strangers;

export const STRANGERS = Object.keys(strangers) as Stranger[];

/** Resolves when a client has met the stranger, and the port is free again. */
export async function meetOnce(kind: Stranger, port: number, certificates: ServerCertificates): Promise<void> {
  const server = strangers[kind](certificates);
  server.on('tlsClientError', () => {});
  server.listen(port, '127.0.0.1');
  const [client] = (await once(server, 'connection')) as [Socket];
  server.close();
  client.on('error', () => {});
  await once(client, 'close');
}

/** Answers the first bytes of the client: what a server sends before may be lost when it closes. */
function answer(socket: Socket, bytes: Buffer | string): void {
  socket.on('error', () => {}).once('data', () => socket.end(bytes));
}
