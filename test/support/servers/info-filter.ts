import { type AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { ServerCertificates } from './certificates.ts';

/** A proxy that ends TLS and hides fields of INFO, as managed services and clones of Redis do. The rest is the server's. */
export class InfoFilter implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    target: { readonly host: string; readonly port: number },
    { ca, certificate, privateKey }: ServerCertificates,
    hidden: readonly string[],
  ): Promise<InfoFilter> {
    const server = createServer({ cert: certificate, key: privateKey });
    const filter = new InfoFilter(server);
    server.on('secureConnection', (client) => {
      const upstream = connect({ host: target.host, port: target.port, ca, servername: 'localhost' });
      for (const socket of [client, upstream]) {
        filter.#sockets.add(socket);
        socket
          .on('error', () => {})
          .on('close', () => {
            filter.#sockets.delete(socket);
            client.destroy();
            upstream.destroy();
          });
      }
      client.pipe(upstream);
      upstream.pipe(hiding(hidden)).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(0, filter.host, resolve));
    return filter;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Gives fields another name of the same length: the length of the reply stands before it. */
function hiding(fields: readonly string[]): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = fields.reduce(
        (all, field) => all.replaceAll(`\n${field}:`, `\n${'x'.repeat(field.length)}:`),
        chunk.toString('latin1'),
      );
      done(null, Buffer.from(text, 'latin1'));
    },
  });
}
