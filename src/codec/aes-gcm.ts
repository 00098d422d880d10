import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { EnvelopeError } from '../errors.ts';
import { ENVELOPE_TAG_BYTES } from '../limits/codec.ts';

/** Refuses shorter tags: Node 24 accepts tags of four bytes by default (DEP0182). */
const OPTIONS = { authTagLength: ENVELOPE_TAG_BYTES };

/** The inputs that seal and open have in common. */
export interface GcmInput {
  readonly key: KeyObject;
  /** 12 bytes, never used twice with one key. */
  readonly iv: Uint8Array;
  readonly additionalData: Uint8Array;
}

/** Writes ciphertext and tag into `target` from `offset`. Keys are `KeyObject`s: raw bytes cost 10 µs a call on Node 24. */
export function gcmSeal(
  { key, iv, additionalData }: GcmInput,
  plaintext: Uint8Array,
  target: Buffer,
  offset: number,
): void {
  const cipher = createCipheriv('aes-256-gcm', key, iv, OPTIONS);
  cipher.setAAD(additionalData);
  target.set(cipher.update(plaintext), offset);
  cipher.final();
  target.set(cipher.getAuthTag(), offset + plaintext.length);
}

/**
 * Returns the plaintext in a buffer of its own.
 * @throws {EnvelopeError} `tampered`, before any plaintext is returned.
 */
export function gcmOpen({ key, iv, additionalData }: GcmInput, ciphertext: Uint8Array, tag: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, OPTIONS);
  decipher.setAAD(additionalData);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new EnvelopeError('tampered');
  }
  return plaintext;
}
