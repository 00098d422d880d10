import type { KeyObject } from 'node:crypto';
import type { DataKey, Suite } from '../keys/ring/ring-key.ts';
import { GCM_IV_BYTES } from '../limits/codec.ts';
import { counterOf, type MessageCounter } from './message-counter.ts';
import { Xaes, XAES_NONCE_BYTES } from './xaes.ts';

/**
 * The AES-256-GCM keys of messages, the only difference between the suites. The last 12 bytes of the nonce are the IV
 * in both.
 */
export interface MessageKeys {
  /** Returns the key of the message with this nonce. */
  of(nonce: Uint8Array): KeyObject;
  /** Counts the messages of a key that can be used up. */
  readonly counter?: MessageCounter;
}

export const NONCE_BYTES: Readonly<Record<Suite, number>> = { 1: GCM_IV_BYTES, 2: XAES_NONCE_BYTES };

/** Caches one cipher object per key for as long as the key lives. It belongs to this thread. */
const cache = new WeakMap<DataKey, MessageKeys>();

export function messageKeysOf(key: DataKey): MessageKeys {
  let keys = cache.get(key);
  if (keys === undefined) {
    keys = key.suite === 2 ? derivedKeys(key.secret) : oneKey(key);
    cache.set(key, keys);
  }
  return keys;
}

function derivedKeys(secret: KeyObject): MessageKeys {
  const xaes = new Xaes(secret);
  return { of: (nonce) => xaes.derive(nonce) };
}

function oneKey({ secret, kid }: DataKey): MessageKeys {
  return { of: () => secret, counter: counterOf(kid) };
}
