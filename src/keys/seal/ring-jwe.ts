import { errors } from 'jose';
import { KeyRingError } from '../../errors.ts';
import { RING_PBKDF2_ITERATIONS_MAX, RING_PBKDF2_ITERATIONS_MIN } from '../../limits/keys.ts';

/** The common parts of the two forms of a sealed ring, compact and general JWE (RFC 7516 §7). */

export const RING_TYP = 'holdfast-key-ring+jwe';
export const RING_CTY = 'jwk-set+json';
export const RING_ENC = 'A256GCM';
export const BY_KEK = 'A256KW';
export const BY_PASSPHRASE = 'PBES2-HS512+A256KW';

/**
 * The header of a wrapper's recipient with the key-encryption key that the service encrypted; its `kid` is the
 * wrapper's id.
 */
export const WRAPPED = 'holdfast:wrapped';

export const NOT_A_RING = 'truncated, or not a sealed ring.';

/** The text of a ring that was opened. */
export interface UnsealedText {
  readonly text: string;
  /** Seals another text for every opener of this one, whether or not those are present. */
  readonly reseal: (text: string) => Promise<string>;
}

/**
 * Decodes base64url without padding, if no other text decodes to the same bytes (RFC 4648 §3.5): `jose` ignores spare
 * bits.
 */
export function decodeCanonical(part: unknown, length?: number): Buffer | undefined {
  if (typeof part !== 'string') return undefined;
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.length === 0 || (length !== undefined && bytes.length !== length)) return undefined;
  return bytes.toString('base64url') === part ? bytes : undefined;
}

/** Checks the iterations before a key is derived, since the file is not authenticated yet. */
export function checkIterations(p2c: unknown): number {
  if (Number.isSafeInteger(p2c)) {
    const count = p2c as number;
    if (count >= RING_PBKDF2_ITERATIONS_MIN && count <= RING_PBKDF2_ITERATIONS_MAX) return count;
  }
  throw new KeyRingError(
    `The sealed key ring's PBKDF2 iterations ("p2c") must lie between ${RING_PBKDF2_ITERATIONS_MIN} and ${RING_PBKDF2_ITERATIONS_MAX}.`,
  );
}

/** Returns the text once `decrypt` has authenticated it; fails with `refused` otherwise. */
export async function textOf(decrypt: Promise<{ plaintext: Uint8Array }>, refused: string): Promise<string> {
  try {
    const { plaintext } = await decrypt;
    const text = new TextDecoder('utf-8', { fatal: true }).decode(plaintext);
    plaintext.fill(0);
    return text;
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) throw new KeyRingError(refused);
    throw new KeyRingError('The sealed key ring is malformed.');
  }
}
