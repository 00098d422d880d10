import { jsonSerializer, type Serializer } from '../codec/serializer.ts';
import { PayloadError } from '../errors.ts';
import type { StandardSchema } from './schema.ts';

/** Data that is read when somebody asks for it. */
export class UnreadData<T> {
  readonly #read: () => T;

  constructor(read: () => T) {
    this.#read = read;
  }

  read(): T {
    return this.#read();
  }
}

/** The application's data on its way to bytes and back, through the schema if there is one. */
export class SessionData<T> {
  readonly #serializer: Serializer;
  readonly #schema: StandardSchema<T> | undefined;

  constructor(serializer: Serializer, schema: StandardSchema<T> | undefined) {
    this.#serializer = serializer;
    this.#schema = schema;
  }

  /** Throws `PayloadError`; nothing is stored then. */
  async write(data: unknown): Promise<Buffer> {
    const valid = this.#schema === undefined ? data : await this.#validate(data, 'The data', this.#schema);
    const bytes = this.#serializer.serialize(valid);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A fresh copy for each caller, upcast by the schema. At once where there is none, since most reads have none. */
  read(bytes: Buffer): Promise<T> | T {
    const data = this.#serializer.parse(bytes);
    return this.#schema === undefined ? (data as T) : this.#validate(data, 'The stored data', this.#schema);
  }

  /**
   * What a reader would get of what `write` just wrote, for the caller who most often only wants to know that it is written. JSON is
   * read when it is asked for, because it can be; another format, or a schema, may say no, and has to before anything is stored.
   */
  reread(bytes: Buffer): Promise<T> | T | UnreadData<T> {
    const isSure = this.#serializer === jsonSerializer && this.#schema === undefined;
    return isSure ? new UnreadData(() => this.#serializer.parse(bytes) as T) : this.read(bytes);
  }

  async #validate(data: unknown, what: string, schema: StandardSchema<T>): Promise<T> {
    const result = await schema['~standard'].validate(data);
    // Issues quote the data, so only their number is told.
    if (result.issues) throw new PayloadError(`${what} does not meet the schema (issues: ${result.issues.length}).`);
    return result.value;
  }
}
