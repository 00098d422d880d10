import { createCipheriv, createDecipheriv, pbkdf2, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { KeyRingError } from '../../errors.ts';
import { KEY_BYTES, RING_PBKDF2_ITERATIONS, WRAPPED_KEY_BYTES_MAX } from '../../limits/keys.ts';
import { randomBytes, systemPlatform } from '../../platform/platform.ts';
import { intoSecret } from '../ring/key-material.ts';
import { isWrapperId, unwrapKek, wrapFreshKek } from './key-wrapper.ts';
import { BY_KEK, BY_PASSPHRASE, checkIterations, decodeCanonical, WRAPPED } from './ring-jwe.ts';
import { isObject } from '../ring/ring-jwk.ts';
import type { ResolvedOpener } from './ring-opener.ts';

/** An opener for which a ring is sealed: a member of a general JWE's `recipients` (RFC 7516 §7.2.1). */
export interface Recipient {
  readonly header: RecipientHeader;
  readonly encrypted_key: string;
}

type RecipientHeader =
  | { readonly alg: typeof BY_KEK }
  | { readonly alg: typeof BY_PASSPHRASE; readonly p2s: string; readonly p2c: number }
  | { readonly alg: typeof BY_KEK; readonly kid: string; readonly [WRAPPED]: string };

const SALT_BYTES = 16;
/** RFC 3394 adds eight bytes to the key. */
const ENCRYPTED_KEY_BYTES: number = KEY_BYTES + 8;
/** The initial value of RFC 3394 §2.2.3.1, by which a wrong key-encryption key is noticed. */
const KEY_WRAP_IV: Buffer = Buffer.alloc(8, 0xa6);

const derive = promisify(pbkdf2);

/** Encrypts the content key for one more opener. */
export async function encryptFor(opener: ResolvedOpener, contentKey: KeyObject): Promise<Recipient> {
  if (opener.kind === 'passphrase') {
    const p2s = randomBytes(systemPlatform, SALT_BYTES).toString('base64url');
    const kek = await deriveKek(opener.passphrase, p2s, RING_PBKDF2_ITERATIONS);
    return { header: { alg: BY_PASSPHRASE, p2s, p2c: RING_PBKDF2_ITERATIONS }, encrypted_key: wrap(kek, contentKey) };
  }
  if (opener.kind === 'kek') return { header: { alg: BY_KEK }, encrypted_key: wrap(opener.kek, contentKey) };
  const { kek, wrapped } = await wrapFreshKek(opener.wrapper);
  const header = { alg: BY_KEK, kid: opener.wrapper.id, [WRAPPED]: wrapped.toString('base64url') } as const;
  return { header, encrypted_key: wrap(kek, contentKey) };
}

/** Returns true if this recipient is of the opener's kind, and of its service; others are not tried. */
export function isFor({ header }: Recipient, opener: ResolvedOpener): boolean {
  if (header.alg === BY_PASSPHRASE) return opener.kind === 'passphrase';
  if ('kid' in header) return opener.kind === 'wrapper' && opener.wrapper.id === header.kid;
  return opener.kind === 'kek';
}

/** Returns the content key; undefined if it was encrypted with another passphrase or key. */
export async function decryptWith(opener: ResolvedOpener, recipient: Recipient): Promise<KeyObject | undefined> {
  return unwrap(await kekOf(opener, recipient.header), recipient.encrypted_key);
}

async function kekOf(opener: ResolvedOpener, header: RecipientHeader): Promise<KeyObject> {
  if (opener.kind === 'passphrase' && header.alg === BY_PASSPHRASE) {
    return deriveKek(opener.passphrase, header.p2s, header.p2c);
  }
  if (opener.kind === 'wrapper' && WRAPPED in header) {
    return unwrapKek(opener.wrapper, Buffer.from(header[WRAPPED], 'base64url'));
  }
  if (opener.kind === 'kek') return opener.kek;
  throw new KeyRingError('The sealed key ring is malformed.');
}

/**
 * Reads a member of `recipients`; undefined unless it has the form that `encryptFor` writes. It ignores further
 * members, which the caller notices by comparing the spelling.
 * @throws {KeyRingError} the iterations are out of range.
 */
export function readRecipient(value: unknown): Recipient | undefined {
  if (!isObject(value) || !isObject(value['header'])) return undefined;
  const { encrypted_key } = value;
  const header = readHeader(value['header']);
  if (header === undefined || decodeCanonical(encrypted_key, ENCRYPTED_KEY_BYTES) === undefined) return undefined;
  return { header, encrypted_key: encrypted_key as string };
}

function readHeader({
  alg,
  kid,
  p2s,
  p2c,
  [WRAPPED]: wrapped,
}: Readonly<Record<string, unknown>>): RecipientHeader | undefined {
  if (alg === BY_PASSPHRASE) {
    if (decodeCanonical(p2s, SALT_BYTES) === undefined) return undefined;
    return { alg, p2s: p2s as string, p2c: checkIterations(p2c) };
  }
  if (alg !== BY_KEK) return undefined;
  if (kid === undefined && wrapped === undefined) return { alg };
  const bytes = decodeCanonical(wrapped);
  if (!isWrapperId(kid) || bytes === undefined || bytes.length > WRAPPED_KEY_BYTES_MAX) return undefined;
  return { alg, kid, [WRAPPED]: wrapped as string };
}

/** Derives the key of a passphrase. The salt begins with the algorithm's name (RFC 7518 §4.8.1). */
async function deriveKek(passphrase: Buffer, p2s: string, p2c: number): Promise<KeyObject> {
  const salt = Buffer.concat([Buffer.from(`${BY_PASSPHRASE}\0`), Buffer.from(p2s, 'base64url')]);
  return intoSecret(await derive(passphrase, salt, p2c, KEY_BYTES, 'sha512'));
}

/** Wraps a key with AES key wrap (RFC 3394). */
function wrap(kek: KeyObject, key: KeyObject): string {
  const cipher = createCipheriv('id-aes256-wrap', kek, KEY_WRAP_IV);
  const bytes = key.export();
  const wrapped = Buffer.concat([cipher.update(bytes), cipher.final()]);
  bytes.fill(0);
  return wrapped.toString('base64url');
}

function unwrap(kek: KeyObject, wrapped: string): KeyObject | undefined {
  const decipher = createDecipheriv('id-aes256-wrap', kek, KEY_WRAP_IV);
  try {
    return intoSecret(Buffer.concat([decipher.update(wrapped, 'base64url'), decipher.final()]));
  } catch {
    return undefined;
  }
}

/** Returns a content key of 256 random bits. */
export function newContentKey(): KeyObject {
  return intoSecret(randomBytes(systemPlatform, KEY_BYTES));
}
