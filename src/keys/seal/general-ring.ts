import { FlattenedEncrypt, flattenedDecrypt, type FlattenedJWE } from 'jose';
import { hash, type KeyObject } from 'node:crypto';
import { KeyRingError } from '../../errors.ts';
import { ENVELOPE_TAG_BYTES, GCM_IV_BYTES } from '../../limits/codec.ts';
import { RING_PBKDF2_ITERATIONS_SUM_MAX, RING_RECIPIENTS_MAX } from '../../limits/keys.ts';
import { decodeCanonical, NOT_A_RING, RING_CTY, RING_ENC, RING_TYP, textOf, type UnsealedText } from './ring-jwe.ts';
import { isObject } from '../ring/ring-jwk.ts';
import { OPENER_NAME, type ResolvedOpener } from './ring-opener.ts';
import { decryptWith, encryptFor, isFor, newContentKey, readRecipient, type Recipient } from './ring-recipient.ts';

/**
 * A ring for several openers, as a general JWE (RFC 7516 §7.2.1). `jose` encrypts the content; this file wraps the
 * content key, for two reasons. First, the recipients are known before the content is encrypted, so a digest of them
 * can be its `aad`: a plain general JWE does not authenticate them, and a removed one would not be noticed. Second, the
 * content key of an opened ring is available, so a changed ring stays sealed for openers that are absent, such as a
 * passphrase in a safe.
 */
interface GeneralRing {
  readonly protected: string;
  readonly recipients: readonly Recipient[];
  readonly aad: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/**
 * The header for all recipients. Each has its own `alg`; "dir" (RFC 7518 §4.5) only makes `jose` accept a content key.
 */
const PROTECTED = { enc: RING_ENC, typ: RING_TYP, cty: RING_CTY } as const;
const PROTECTED_TEXT: string = Buffer.from(JSON.stringify(PROTECTED)).toString('base64url');
const DIRECT = { alg: 'dir' } as const;

const AAD_BYTES = 32;

export async function sealGeneral(text: string, openers: readonly ResolvedOpener[]): Promise<string> {
  const contentKey = newContentKey();
  const recipients = await Promise.all(openers.map((opener) => encryptFor(opener, contentKey)));
  return encrypt(text, contentKey, recipients);
}

export async function openGeneral(jwe: string, opener: ResolvedOpener): Promise<UnsealedText> {
  const ring = read(jwe);
  const contentKey = await contentKeyOf(ring.recipients, opener);
  const { recipients, ...content } = ring;
  const decrypting = flattenedDecrypt({ ...content, header: DIRECT }, contentKey, {
    keyManagementAlgorithms: [DIRECT.alg],
    contentEncryptionAlgorithms: [RING_ENC],
    maxDecompressedLength: 0,
  });
  const text = await textOf(decrypting, 'The key ring does not open: the file was altered.');
  return { text, reseal: (other) => encrypt(other, contentKey, recipients) };
}

async function encrypt(text: string, contentKey: KeyObject, recipients: readonly Recipient[]): Promise<string> {
  const jwe = new FlattenedEncrypt(Buffer.from(text, 'utf8'));
  jwe.setProtectedHeader(PROTECTED).setUnprotectedHeader(DIRECT).setAdditionalAuthenticatedData(digestOf(recipients));
  return spell(await jwe.encrypt(contentKey), recipients);
}

/** Returns the only spelling of a sealed ring. */
function spell(
  content: Pick<FlattenedJWE, keyof GeneralRing & keyof FlattenedJWE>,
  recipients: readonly Recipient[],
): string {
  const { aad, iv, ciphertext, tag } = content;
  return JSON.stringify({ protected: content.protected, recipients, aad, iv, ciphertext, tag });
}

function digestOf(recipients: readonly Recipient[]): Buffer {
  return hash('sha256', JSON.stringify(recipients), 'buffer');
}

/**
 * Reads exactly what `spell` writes.
 * @throws {KeyRingError} it is anything else.
 */
function read(jwe: string): GeneralRing {
  const value = parse(jwe);
  const { recipients: members } = value;
  if (value['protected'] !== PROTECTED_TEXT) {
    throw new KeyRingError(`The sealed key ring is not one: its protected header is not that of a ${RING_TYP}.`);
  }
  if (!Array.isArray(members) || members.length === 0 || members.length > RING_RECIPIENTS_MAX) {
    throw new KeyRingError(`The sealed key ring must have 1 to ${RING_RECIPIENTS_MAX} recipients.`);
  }
  const recipients = members.map(readRecipient).filter((recipient) => recipient !== undefined);
  const isWhole =
    recipients.length === members.length &&
    decodeCanonical(value['iv'], GCM_IV_BYTES) !== undefined &&
    decodeCanonical(value['ciphertext']) !== undefined &&
    decodeCanonical(value['tag'], ENVELOPE_TAG_BYTES) !== undefined &&
    decodeCanonical(value['aad'], AAD_BYTES)?.equals(digestOf(recipients));
  checkSum(recipients);
  const ring = { ...value, recipients } as unknown as GeneralRing;
  // This spelling has no unknown members, no members twice and no blanks.
  if (!isWhole || hasTwins(recipients) || spell(ring, recipients) !== jwe) {
    throw new KeyRingError('The sealed key ring is malformed: altered, or written by something else.');
  }
  return ring;
}

/**
 * Bounds the work of a wrong passphrase, which is tried on every recipient that has one before anything is
 * authenticated.
 */
function checkSum(recipients: readonly Recipient[]): void {
  const sum = recipients.reduce((total, { header }) => total + ('p2c' in header ? header.p2c : 0), 0);
  if (sum <= RING_PBKDF2_ITERATIONS_SUM_MAX) return;
  throw new KeyRingError(
    `The sealed key ring's PBKDF2 iterations ("p2c") must be ${RING_PBKDF2_ITERATIONS_SUM_MAX} at most in sum.`,
  );
}

function parse(jwe: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(jwe);
  } catch {
    value = undefined;
  }
  if (isObject(value) && 'recipients' in value) return value;
  throw new KeyRingError(`The sealed key ring is not a complete General JWE: ${NOT_A_RING}`);
}

function hasTwins(recipients: readonly Recipient[]): boolean {
  const names = recipients.flatMap(({ header, encrypted_key }) => ['kid' in header ? header.kid : encrypted_key]);
  return new Set(names).size < names.length;
}

/** Asks the recipients that can be this opener's. A service is asked once, since its id stands in a ring once. */
async function contentKeyOf(recipients: readonly Recipient[], opener: ResolvedOpener): Promise<KeyObject> {
  const name = OPENER_NAME[opener.kind];
  const candidates = recipients.filter((recipient) => isFor(recipient, opener));
  if (candidates.length === 0) {
    throw new KeyRingError(`The key ring is not sealed for ${name}: open it as it was sealed.`);
  }
  for (const candidate of candidates) {
    const contentKey = await decryptWith(opener, candidate);
    if (contentKey !== undefined) return contentKey;
  }
  throw new KeyRingError(`The key ring does not open with ${name}: it is the wrong one, or the file was altered.`);
}
