import { createHmac } from 'node:crypto';
import type { IndexKey } from '../keys/ring-key.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { encodeUserId } from './record-format.ts';

/**
 * HMAC-SHA-256 (index key, length-prefixed namespace ‖ user id): finds a user's sessions without storing who the user
 * is. Keyed, unlike the storage key, because user ids can be guessed. Throws `PayloadError` for an impossible user id.
 */
export function userKeyOf(indexKey: IndexKey, namespace: string, userId: string): Buffer {
  return createHmac('sha256', indexKey.secret)
    .update(lengthPrefixed(Buffer.from(namespace, 'utf8')))
    .update(encodeUserId(userId))
    .digest();
}
