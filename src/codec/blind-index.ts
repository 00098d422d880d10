import { createHmac } from 'node:crypto';
import type { IndexKey } from '../keys/ring/ring-key.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { encodeUserId } from './record-format.ts';

/**
 * HMAC-SHA-256 (index key, length-prefixed namespace ‖ user id): finds a user's sessions without storing who the user
 * is. Keyed, unlike the storage key, because user ids can be guessed.
 */
export class BlindIndex {
  readonly #namespace: Buffer;

  constructor(namespace: string) {
    this.#namespace = lengthPrefixed(Buffer.from(namespace, 'utf8'));
  }

  /** What a user's sessions are filed under. Throws `PayloadError` for an impossible user id. */
  userKey(indexKey: IndexKey, userId: string): Buffer {
    const mac = createHmac('sha256', indexKey.secret).update(this.#namespace).update(encodeUserId(userId));
    // As text on the way: Node takes longer to hand out a buffer.
    return Buffer.from(mac.digest('binary'), 'binary');
  }
}
