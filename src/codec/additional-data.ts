import { STORAGE_KEY_BYTES } from '../limits/session.ts';
import { lengthPrefixed } from './length-prefixed.ts';

const LABEL = Buffer.from('holdfast envelope v1', 'ascii');
/** The bytes of an envelope header with the longer of the two nonces. */
const HEADER_BYTES_MAX = 64;

/**
 * The additional data of an envelope: length-prefixed (label, namespace, storage key) ‖ the whole header with its
 * nonce. So a ciphertext fits one session, one revision, one namespace, one key and one suite.
 *
 * All but the last two parts are fixed for a namespace, and calls are synchronous, so one buffer serves every call.
 */
export class AdditionalData {
  readonly #bytes: Buffer;
  readonly #storageKeyAt: number;

  constructor(namespace: string) {
    const fixed = lengthPrefixed(LABEL, Buffer.from(namespace, 'utf8'), Buffer.alloc(STORAGE_KEY_BYTES));
    this.#bytes = Buffer.concat([fixed, Buffer.alloc(HEADER_BYTES_MAX)]);
    this.#storageKeyAt = fixed.length - STORAGE_KEY_BYTES;
  }

  /** Returns the additional data, valid until the next call. */
  of(storageKey: Uint8Array, envelope: Buffer, headerBytes: number): Buffer {
    const bytes = this.#bytes;
    const headerAt = this.#storageKeyAt + STORAGE_KEY_BYTES;
    bytes.set(storageKey, this.#storageKeyAt);
    envelope.copy(bytes, headerAt, 0, headerBytes);
    return bytes.subarray(0, headerAt + headerBytes);
  }
}
