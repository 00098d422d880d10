import { createHmac } from 'node:crypto';
import type { IndexKey } from '../keys/ring/ring-key.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { encodeUserId } from './record-format.ts';

/**
 * Computes HMAC-SHA-256 (index key, length-prefixed namespace ‖ user id), which finds a user's sessions without storing
 * the user id. It is keyed, unlike the storage key, because user ids can be guessed.
 */
export class BlindIndex {
  readonly #namespace: Buffer;

  constructor(namespace: string) {
    this.#namespace = lengthPrefixed(Buffer.from(namespace, 'utf8'));
  }

  /**
   * Returns the key under which a user's sessions are found, 32 bytes.
   * @throws {PayloadError} the user id is impossible.
   */
  userKey(indexKey: IndexKey, userId: string): Buffer {
    const mac = createHmac('sha256', indexKey.secret).update(this.#namespace).update(encodeUserId(userId));
    // Node takes longer to return a buffer than a text.
    return Buffer.from(mac.digest('binary'), 'binary');
  }
}
