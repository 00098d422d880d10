import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { ServerCertificates } from './certificates.ts';
import { StatementReader } from './statement-reader.ts';

/**
 * What befalls one statement and the connection it came over:
 * `answer-lost`: the server has executed it, and its answer is thrown away;
 * `question-lost`: the server never sees it;
 * `question-late`: the client is cut off at once, and the server gets to see the statement long after.
 */
export type Mishap = 'answer-lost' | 'question-late' | 'question-lost';

export interface Aim {
  readonly mishap: Mishap;
  /** Which statements, by their text. */
  readonly at: RegExp;
  /** How late a late one is. */
  readonly lateMs?: number;
}

/** Asks a PostgreSQL server whether it speaks TLS (PostgreSQL 17 documentation, 53.2.11); it answers with one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const YES = 'S';

/**
 * A proxy in front of PostgreSQL that can read what it carries, because it holds the server's certificate: mishaps are
 * aimed at a statement and at a moment of its life, instead of at a time.
 */
export class StatementProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #certificates: ServerCertificates;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #aims: Aim[] = [];
  /** Mishaps that happened. */
  hits = 0;

  private constructor(target: { host: string; port: number }, certificates: ServerCertificates) {
    this.#target = target;
    this.#certificates = certificates;
    this.#server = createServer({ noDelay: true }, (client) => void this.#accept(client).catch(() => client.destroy()));
  }

  static async start(
    target: { readonly host: string; readonly port: number },
    certificates: ServerCertificates,
  ): Promise<StatementProxy> {
    const proxy = new StatementProxy(target, certificates);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** Each aim is for one statement, of any sender; those that hit nothing yet are forgotten. */
  aim(...aims: readonly Aim[]): void {
    this.#aims = [...aims];
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #accept(client: Socket): Promise<void> {
    this.#keep(client);
    await read(client, SSL_REQUEST.length);
    const server = connect({ ...this.#target, noDelay: true });
    this.#keep(server);
    // When one end closes, the other one has to be closed too.
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    await once(server, 'connect');
    server.write(SSL_REQUEST);
    if ((await read(server, YES.length)).toString() !== YES) throw new Error('the server speaks no TLS');
    const { ca, certificate, privateKey } = this.#certificates;
    const up = connectTls({ socket: server, ca, host: this.#target.host });
    this.#keep(up);
    await once(up, 'secureConnect');
    client.write(YES);
    const down = new TLSSocket(client, { isServer: true, cert: certificate, key: privateKey });
    this.#keep(down);
    this.#carry(down, up, client);
  }

  #carry(down: TLSSocket, up: TLSSocket, client: Socket): void {
    const reader = new StatementReader();
    let losing = false;
    const late: Buffer[] = [];
    let aim: Aim | undefined;
    up.on('data', (bytes: Buffer) => {
      if (!losing) down.write(bytes);
      else client.resetAndDestroy();
    });
    down.on('data', (bytes: Buffer) => {
      for (const { text, isEnd, message } of reader.read(bytes)) {
        aim ??= text === null ? undefined : this.#take(text);
        if (aim?.mishap === 'question-lost') {
          client.resetAndDestroy();
          return;
        }
        if (aim?.mishap === 'question-late') {
          late.push(message);
          if (isEnd) this.#sendLate(Buffer.concat(late), aim.lateMs ?? 0, client, up);
        } else {
          losing ||= aim !== undefined && isEnd;
          up.write(message);
        }
      }
    });
  }

  #take(text: string): Aim | undefined {
    const found = this.#aims.findIndex(({ at }) => at.test(text));
    if (found < 0) return undefined;
    this.hits += 1;
    return this.#aims.splice(found, 1)[0];
  }

  /** The server's end lives on until the statement has been executed. */
  #sendLate(statement: Buffer, lateMs: number, client: Socket, up: TLSSocket): void {
    client.removeAllListeners('close');
    client.resetAndDestroy();
    setTimeout(() => {
      up.removeAllListeners('data').once('data', () => up.destroy());
      if (!up.destroyed) up.write(statement);
    }, lateMs);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => this.#sockets.delete(socket));
  }
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    if (socket.destroyed || socket.readableEnded) throw new Error('closed');
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}
