import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from 'jose';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { KeyRingError } from '../errors.ts';
import {
  PASSPHRASE_CHARS_MIN,
  RING_FILE_BYTES_MAX,
  RING_PBKDF2_ITERATIONS,
  RING_PBKDF2_ITERATIONS_MAX,
  RING_PBKDF2_ITERATIONS_MIN,
} from '../limits.ts';
import { weaknessOf } from './key-material.ts';

/** What opens a sealed ring: a passphrase of at least 16 characters, or a key-encryption key of 32 random bytes. */
export type RingOpener = { readonly passphrase: string } | { readonly kek: Uint8Array };

const TYP = 'holdfast-key-ring+jwe';
const ENC = 'A256GCM';

/** Compact JWE (RFC 7516 §7.1) with an encrypted key, a 96-bit IV and a 128-bit tag, as A256GCM has them. */
const SEALED_RING = /^[\w-]+\.[\w-]+\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/;

type Algorithm = 'A256KW' | 'PBES2-HS512+A256KW';

interface ResolvedOpener {
  readonly alg: Algorithm;
  readonly key: KeyObject | Uint8Array;
}

/** Seals the text of a ring as a Compact JWE. Salt, content key and IV are drawn by `jose`. */
export async function sealText(text: string, opener: RingOpener): Promise<string> {
  const { alg, key } = resolveOpener(opener);
  const jwe = new CompactEncrypt(Buffer.from(text, 'utf8'));
  jwe.setProtectedHeader({ alg, enc: ENC, typ: TYP, cty: 'jwk-set+json' });
  // The default of `jose` is 2 048 iterations.
  if (alg === 'PBES2-HS512+A256KW') jwe.setKeyManagementParameters({ p2c: RING_PBKDF2_ITERATIONS });
  return jwe.encrypt(key);
}

/** Opens what `sealText` sealed. Throws `KeyRingError`, which says whether the file or the opener is at fault. */
export async function unsealText(sealed: string, opener: RingOpener): Promise<string> {
  const { alg, key } = resolveOpener(opener);
  const jwe = sealed.trim();
  if (jwe.length > RING_FILE_BYTES_MAX) throw new KeyRingError('The sealed key ring is too long to be one.');
  if (!SEALED_RING.test(jwe) || !jwe.split('.').every(isCanonical)) {
    throw new KeyRingError('The sealed key ring is not a complete Compact JWE: truncated, or not a sealed ring.');
  }
  checkHeader(jwe, alg);
  return decrypt(jwe, key, alg);
}

/** Whether no other text decodes to the same bytes (RFC 4648 §3.5): `jose` ignores the bits that are left over. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function resolveOpener(opener: RingOpener): ResolvedOpener {
  const { passphrase, kek } = opener as { passphrase?: unknown; kek?: unknown };
  if ((passphrase === undefined) === (kek === undefined)) {
    throw new KeyRingError('A key ring is opened by either a passphrase or a kek: give exactly one of the two.');
  }
  return kek === undefined ? resolvePassphrase(passphrase) : resolveKek(kek);
}

function resolvePassphrase(passphrase: unknown): ResolvedOpener {
  if (typeof passphrase !== 'string' || Array.from(passphrase).length < PASSPHRASE_CHARS_MIN) {
    throw new KeyRingError(`The passphrase of a key ring must have at least ${PASSPHRASE_CHARS_MIN} characters.`);
  }
  // Two keyboards may spell one passphrase differently: RFC 8265 §4.2 (OpaqueString) compares in NFC.
  return { alg: 'PBES2-HS512+A256KW', key: Buffer.from(passphrase.normalize('NFC'), 'utf8') };
}

function resolveKek(kek: unknown): ResolvedOpener {
  if (!(kek instanceof Uint8Array)) throw new KeyRingError('The kek of a key ring must be a Uint8Array.');
  // AES key wrap stretches nothing: text pasted here would be guessed offline.
  const weakness = weaknessOf(kek);
  if (weakness !== undefined) throw new KeyRingError(`The kek of a key ring ${weakness}.`);
  return { alg: 'A256KW', key: createSecretKey(kek) };
}

/** Looks at the header before a key is derived from it. It is authenticated only later, so it may only refuse. */
function checkHeader(jwe: string, alg: Algorithm): void {
  const header = readHeader(jwe);
  if (header.typ !== TYP) throw new KeyRingError(`The sealed key ring is not one: its "typ" is not "${TYP}".`);
  if (header.enc !== ENC) throw new KeyRingError(`The sealed key ring must be encrypted with ${ENC}.`);
  if (header.alg !== alg)
    throw new KeyRingError(`The key ring is not sealed for ${openerName(alg)}: open it as it was sealed.`);
  if (alg === 'PBES2-HS512+A256KW') checkIterations(header['p2c']);
}

function readHeader(jwe: string): ReturnType<typeof decodeProtectedHeader> {
  try {
    return decodeProtectedHeader(jwe);
  } catch {
    throw new KeyRingError('The sealed key ring has an unreadable header.');
  }
}

function checkIterations(p2c: unknown): void {
  if (typeof p2c === 'number' && p2c >= RING_PBKDF2_ITERATIONS_MIN && p2c <= RING_PBKDF2_ITERATIONS_MAX) return;
  throw new KeyRingError(
    `The sealed key ring's PBKDF2 iterations ("p2c") must lie between ${RING_PBKDF2_ITERATIONS_MIN} and ${RING_PBKDF2_ITERATIONS_MAX}.`,
  );
}

async function decrypt(jwe: string, key: KeyObject | Uint8Array, alg: Algorithm): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: [ENC],
      maxPBES2Count: RING_PBKDF2_ITERATIONS_MAX,
      maxDecompressedLength: 0,
    });
    const text = new TextDecoder('utf-8', { fatal: true }).decode(plaintext);
    plaintext.fill(0);
    return text;
  } catch (error) {
    // A wrong key and an altered file fail alike, by design of authenticated encryption.
    if (error instanceof errors.JWEDecryptionFailed) {
      throw new KeyRingError(
        `The key ring does not open with ${openerName(alg)}: it is the wrong one, or the file was altered.`,
      );
    }
    throw new KeyRingError('The sealed key ring is malformed.');
  }
}

function openerName(alg: Algorithm): string {
  return alg === 'A256KW' ? 'this kek' : 'this passphrase';
}
