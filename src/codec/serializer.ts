import { isUtf8 } from 'node:buffer';
import { EnvelopeError, PayloadError } from '../errors.ts';
import { copyJson } from './json-value.ts';

/** How the application's data becomes bytes. */
export interface Serializer {
  /** Stored in every record, 1 to 255. 1 is JSON; choose another for another format, and keep it. */
  readonly id: number;
  /** Throws `PayloadError` for what it cannot carry. */
  serialize(data: unknown): Uint8Array;
  /** Throws `EnvelopeError` ("malformed") for bytes that `serialize` did not write. Errors must not quote the bytes. */
  parse(bytes: Uint8Array): unknown;
}

/** JSON as UTF-8. Refuses what would come back as something else. */
export const jsonSerializer: Serializer = Object.freeze({
  id: 1,

  serialize(data: unknown): Uint8Array {
    try {
      return Buffer.from(JSON.stringify(copyJson(data)), 'utf8');
    } catch (error) {
      if (error instanceof PayloadError) throw error;
      // The application's own getter or proxy threw, with a message that may hold anything.
      throw new PayloadError('The session data could not be read: a getter or a proxy in it threw an error.');
    }
  },

  parse(bytes: Uint8Array): unknown {
    if (!isUtf8(bytes)) throw new EnvelopeError('malformed');
    try {
      return JSON.parse(toBuffer(bytes).toString('utf8'));
    } catch {
      // V8 quotes what it could not parse, and that is plaintext.
      throw new EnvelopeError('malformed');
    }
  },
});

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
