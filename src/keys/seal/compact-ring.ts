import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, type CompactJWEHeaderParameters } from 'jose';
import type { KeyObject } from 'node:crypto';
import { KeyRingError } from '../../errors.ts';
import { RING_PBKDF2_ITERATIONS, RING_PBKDF2_ITERATIONS_MAX, WRAPPED_KEY_BYTES_MAX } from '../../limits/keys.ts';
import { unwrapKek, wrapFreshKek } from './key-wrapper.ts';
import {
  BY_KEK,
  BY_PASSPHRASE,
  checkIterations,
  decodeCanonical,
  NOT_A_RING,
  RING_CTY,
  RING_ENC,
  RING_TYP,
  textOf,
  WRAPPED,
  type UnsealedText,
} from './ring-jwe.ts';
import { OPENER_NAME, type ResolvedOpener } from './ring-opener.ts';

/** A compact JWE (RFC 7516 §7.1) with an encrypted key, a 96-bit IV and a 128-bit tag, as A256GCM has them. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/;

type Header = ReturnType<typeof decodeProtectedHeader>;

/** Seals for one opener. `jose` draws salt, content key and IV. */
export async function sealCompact(text: string, opener: ResolvedOpener): Promise<string> {
  const { key, header } = await sealingKeyOf(opener);
  const jwe = new CompactEncrypt(Buffer.from(text, 'utf8'));
  const { alg, ...others } = header;
  jwe.setProtectedHeader({ alg, enc: RING_ENC, typ: RING_TYP, cty: RING_CTY, ...others });
  // `jose` would use 2 048 iterations.
  if (alg === BY_PASSPHRASE) jwe.setKeyManagementParameters({ p2c: RING_PBKDF2_ITERATIONS });
  return jwe.encrypt(key);
}

export async function openCompact(jwe: string, opener: ResolvedOpener): Promise<UnsealedText> {
  if (!COMPACT.test(jwe) || !jwe.split('.').every((part) => decodeCanonical(part))) {
    throw new KeyRingError(`The sealed key ring is not a complete Compact JWE: ${NOT_A_RING}`);
  }
  const header = readHeader(jwe);
  checkHeader(header, opener);
  const decrypting = compactDecrypt(jwe, await openingKeyOf(header, opener), {
    keyManagementAlgorithms: [opener.kind === 'passphrase' ? BY_PASSPHRASE : BY_KEK],
    contentEncryptionAlgorithms: [RING_ENC],
    maxPBES2Count: RING_PBKDF2_ITERATIONS_MAX,
    maxDecompressedLength: 0,
  });
  // Authenticated encryption does not distinguish a wrong key from an altered file.
  const name = OPENER_NAME[opener.kind];
  const refused = `The key ring does not open with ${name}: it is the wrong one, or the file was altered.`;
  return { text: await textOf(decrypting, refused), reseal: (other) => sealCompact(other, opener) };
}

async function sealingKeyOf(
  opener: ResolvedOpener,
): Promise<{ key: KeyObject | Uint8Array; header: Omit<CompactJWEHeaderParameters, 'enc'> & { alg: string } }> {
  if (opener.kind === 'passphrase') return { key: opener.passphrase, header: { alg: BY_PASSPHRASE } };
  if (opener.kind === 'kek') return { key: opener.kek, header: { alg: BY_KEK } };
  const { kek, wrapped } = await wrapFreshKek(opener.wrapper);
  return { key: kek, header: { alg: BY_KEK, kid: opener.wrapper.id, [WRAPPED]: wrapped.toString('base64url') } };
}

function readHeader(jwe: string): Header {
  try {
    return decodeProtectedHeader(jwe);
  } catch {
    throw new KeyRingError('The sealed key ring has an unreadable header.');
  }
}

/** Checks the header before a key is derived from it. It is authenticated only later, so the check may only refuse. */
function checkHeader(header: Header, opener: ResolvedOpener): void {
  if (header.typ !== RING_TYP)
    throw new KeyRingError(`The sealed key ring is not one: its "typ" is not "${RING_TYP}".`);
  if (header.enc !== RING_ENC) throw new KeyRingError(`The sealed key ring must be encrypted with ${RING_ENC}.`);
  if (!isFor(header, opener)) {
    throw new KeyRingError(`The key ring is not sealed for ${OPENER_NAME[opener.kind]}: open it as it was sealed.`);
  }
  if (opener.kind === 'passphrase') checkIterations(header['p2c']);
}

function isFor(header: Header, opener: ResolvedOpener): boolean {
  if (opener.kind === 'passphrase') return header.alg === BY_PASSPHRASE;
  if (header.alg !== BY_KEK) return false;
  if (opener.kind === 'kek') return header[WRAPPED] === undefined;
  return header[WRAPPED] !== undefined && header.kid === opener.wrapper.id;
}

async function openingKeyOf(header: Header, opener: ResolvedOpener): Promise<KeyObject | Uint8Array> {
  if (opener.kind === 'passphrase') return opener.passphrase;
  if (opener.kind === 'kek') return opener.kek;
  const wrapped = decodeCanonical(header[WRAPPED]);
  if (wrapped === undefined || wrapped.length > WRAPPED_KEY_BYTES_MAX) {
    throw new KeyRingError('The sealed key ring is malformed.');
  }
  return unwrapKek(opener.wrapper, wrapped);
}
