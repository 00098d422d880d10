import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  readonly bodyBytes: number;
}

/**
 * Keeps HTTP/1.1 connections to one server, each used by one caller at a time. A client of `node:http` would cost as
 * much as the servers do, on a machine that both share; this one reads only answers with Content-Length.
 */
export class Connections implements Disposable {
  readonly #port: number;
  readonly #timeoutMs: number;
  readonly #free: Connection[] = [];
  readonly #all = new Set<Connection>();

  /** A request that takes longer than `timeoutMs` fails. */
  constructor(port: number, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends the text of a request. Rejects if there is no answer. */
  async request(text: string): Promise<Reply> {
    const connection = this.#open();
    const reply = await connection.request(text);
    this.#free.push(connection);
    return reply;
  }

  #open(): Connection {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) if (free.isOpen) return free;
    const connection = new Connection(this.#port, this.#timeoutMs);
    this.#all.add(connection);
    return connection;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#all) connection.close();
    this.#all.clear();
  }
}

class Connection {
  readonly #socket: Socket;
  #received = '';
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(port: number, timeoutMs: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1').setTimeout(timeoutMs);
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('timeout', () => {
      if (this.#waiting !== undefined) this.#socket.destroy(new Error('no answer in time'));
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  request(text: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(text, 'latin1');
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
    if (Number.isNaN(bodyBytes)) this.#socket.destroy(new Error('an answer without Content-Length'));
    if (this.#received.length < headEnd + 4 + bodyBytes) return;
    this.#received = '';
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, bodyBytes });
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
  }
}
