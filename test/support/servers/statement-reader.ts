export interface FrontendMessage {
  /** The text of the statement that it prepares or runs, or null. */
  readonly text: string | null;
  /** The server answers, and commits, once it has this one. */
  readonly isEnd: boolean;
  readonly message: Buffer;
}

/** A type of one byte, and a length that counts itself (PostgreSQL 17 documentation, 53.7). */
const HEADER_BYTES = 5;
const PARSE = 'P';
const QUERY = 'Q';
const SYNC = 'S';

/** Cuts what a client sends to PostgreSQL into messages, wherever the wire has cut it. */
export class StatementReader {
  #rest: Buffer = Buffer.alloc(0);
  /** The first message has no type. */
  #typeBytes = 0;

  read(bytes: Buffer): FrontendMessage[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const messages: FrontendMessage[] = [];
    for (let message = this.#next(); message !== null; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): FrontendMessage | null {
    const typeBytes = this.#typeBytes;
    if (this.#rest.length < HEADER_BYTES) return null;
    const length = typeBytes + this.#rest.readUInt32BE(typeBytes);
    if (this.#rest.length < length) return null;
    const message = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    this.#typeBytes = 1;
    const type = typeBytes === 0 ? '' : String.fromCharCode(message[0] ?? 0);
    const text = type === PARSE || type === QUERY ? message.toString('latin1', HEADER_BYTES) : null;
    return { text, isEnd: type === SYNC || type === QUERY, message };
  }
}
