import { isUtf8 } from 'node:buffer';
import { EnvelopeError, PayloadError } from '../errors.ts';
import { copyJson } from './json-value.ts';

/** Converts the application's data into bytes and back. */
export interface Serializer {
  /**
   * A number from 1 to 255 that is stored in every record. 1 is JSON; choose another for another format, and keep it.
   */
  readonly id: number;
  /**
   * Returns the bytes of the data.
   * @throws {PayloadError} the format cannot carry it.
   */
  serialize(data: unknown): Uint8Array;
  /**
   * Returns the data. Errors must not quote the bytes.
   * @throws {EnvelopeError} `malformed`: `serialize` did not write these bytes.
   */
  parse(bytes: Uint8Array): unknown;
}

/** Writes JSON as UTF-8. Refuses data that JSON would change. */
export const jsonSerializer: Serializer = Object.freeze({
  id: 1,

  serialize(data: unknown): Uint8Array {
    try {
      return Buffer.from(JSON.stringify(copyJson(data)), 'utf8');
    } catch (error) {
      if (error instanceof PayloadError) throw error;
      // The application's own getter or proxy threw; its message may hold anything.
      throw new PayloadError('The session data could not be read: a getter or a proxy in it threw an error.');
    }
  },

  parse(bytes: Uint8Array): unknown {
    if (!isUtf8(bytes)) throw new EnvelopeError('malformed');
    try {
      return JSON.parse(toBuffer(bytes).toString('utf8'));
    } catch {
      // The message of V8 quotes the text, which is plaintext.
      throw new EnvelopeError('malformed');
    }
  },
});

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
