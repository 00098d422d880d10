import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { IndexKey } from '../keys/ring/ring-key.ts';
import { KEY_BYTES } from '../limits/keys.ts';
import { lengthPrefixed } from './length-prefixed.ts';

const LABEL = Buffer.from('holdfast cookie key v1', 'ascii');
/** RFC 5869 §3.1 needs no salt here, since the index key is random. */
const NO_SALT = Buffer.alloc(0);

/**
 * Derives the key that authenticates the cookies of a namespace: HKDF-SHA-256 (index key, no salt, length-prefixed
 * label ‖ length-prefixed namespace). A leaked cookie key reveals nothing about the index key and its user keys.
 */
export function cookieKeyOf(indexKey: IndexKey, namespace: string): KeyObject {
  const info = lengthPrefixed(LABEL, Buffer.from(namespace, 'utf8'));
  const bytes = Buffer.from(hkdfSync('sha256', indexKey.secret, NO_SALT, info, KEY_BYTES));
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
