import type { Serializer } from '../codec/serializer.ts';
import { PayloadError } from '../errors.ts';
import type { StandardSchema } from './schema.ts';

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
    const bytes = this.#serializer.serialize(await this.#validate(data, 'The data'));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A fresh copy for each caller, upcast by the schema. */
  async read(bytes: Buffer): Promise<T> {
    return this.#validate(this.#serializer.parse(bytes), 'The stored data');
  }

  async #validate(data: unknown, what: string): Promise<T> {
    if (this.#schema === undefined) return data as T;
    const result = await this.#schema['~standard'].validate(data);
    // Issues quote the data, so only their number is told.
    if (result.issues) throw new PayloadError(`${what} does not meet the schema (issues: ${result.issues.length}).`);
    return result.value;
  }
}
