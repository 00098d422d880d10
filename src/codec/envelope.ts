import { EnvelopeError } from '../errors.ts';
import type { DataKey, KeyState, Suite } from '../keys/ring/ring-key.ts';
import { ENVELOPE_TAG_BYTES, GCM_IV_BYTES, PLAINTEXT_BYTES_MAX } from '../limits/codec.ts';
import { KEY_ID_BYTES } from '../limits/keys.ts';
import { STORAGE_KEY_BYTES } from '../limits/session.ts';
import type { Platform } from '../platform/platform.ts';
import type { AdditionalData } from './additional-data.ts';
import { gcmOpen, gcmSeal } from './aes-gcm.ts';
import { messageKeysOf, NONCE_BYTES } from './message-keys.ts';

/**
 * The layout of envelope v1 (docs/reference/envelope-v1.md):
 * `'S' ‖ 0x01 ‖ suite ‖ flags ‖ keyId[8] ‖ revision[8] ‖ nonce[24|12] ‖ ciphertext ‖ tag[16]`
 */
const MAGIC = 0x53;
const VERSION = 0x01;
const SUITE_AT = 2;
const FLAGS_AT = 3;
const KEY_ID_AT = 4;
const REVISION_AT = KEY_ID_AT + KEY_ID_BYTES;
const NONCE_AT = REVISION_AT + 8;
const WORD = 2 ** 32;

export interface EnvelopeHeader {
  readonly suite: Suite;
  /** A view of the envelope. */
  readonly keyId: Buffer;
  readonly revision: number;
}

export interface OpenedEnvelope {
  readonly revision: number;
  /** The id of the key that sealed the envelope. */
  readonly keyId: Buffer;
  readonly plaintext: Buffer;
}

/** The keys that `openEnvelope` looks up: a key ring. */
export interface DataKeys {
  dataKey(bytes: Buffer, offset?: number): DataKey | undefined;
  isRevoked(bytes: Buffer, offset?: number): boolean;
}

/** The session that an envelope is bound to. */
export interface Binding {
  readonly additionalData: AdditionalData;
  /** SHA-256 of the session id. */
  readonly storageKey: Buffer;
}

/** The content of an envelope. */
export interface Message {
  readonly revision: number;
  readonly plaintext: Uint8Array;
}

/**
 * Seals a message under a nonce drawn for this message.
 * @throws {KeyRingError} the key is used up.
 */
export function sealEnvelope(
  key: DataKey,
  binding: Binding,
  { revision, plaintext }: Message,
  platform: Platform,
): Buffer {
  if (binding.storageKey.length !== STORAGE_KEY_BYTES) throw new RangeError('A storage key has 32 bytes.');
  if (!Number.isSafeInteger(revision) || revision < 1) throw new RangeError('A revision is a positive safe integer.');
  if (plaintext.length > PLAINTEXT_BYTES_MAX)
    throw new RangeError('The plaintext is longer than an envelope may hold.');
  const keys = messageKeysOf(key);
  keys.counter?.count();
  const headerBytes = NONCE_AT + NONCE_BYTES[key.suite];
  const envelope = Buffer.allocUnsafe(headerBytes + plaintext.length + ENVELOPE_TAG_BYTES);
  writeHeader(envelope, key, revision);
  platform.fillRandom(envelope, NONCE_AT, headerBytes - NONCE_AT);
  const input = {
    key: keys.of(envelope.subarray(NONCE_AT, headerBytes)),
    iv: envelope.subarray(headerBytes - GCM_IV_BYTES, headerBytes),
    additionalData: binding.additionalData.of(binding.storageKey, envelope, headerBytes),
  };
  gcmSeal(input, plaintext, envelope, headerBytes);
  return envelope;
}

/**
 * Opens an envelope with the one key that it names; no other is ever tried.
 * @throws {EnvelopeError} it does not open.
 */
export function openEnvelope(keys: DataKeys, binding: Binding, envelope: Buffer): OpenedEnvelope {
  const suite = checkHeader(envelope);
  if (binding.storageKey.length !== STORAGE_KEY_BYTES) throw new EnvelopeError('malformed');
  const key = openingKey(keys, envelope, suite);
  const headerBytes = NONCE_AT + NONCE_BYTES[suite];
  const tagAt = envelope.length - ENVELOPE_TAG_BYTES;
  const input = {
    key: messageKeysOf(key).of(envelope.subarray(NONCE_AT, headerBytes)),
    iv: envelope.subarray(headerBytes - GCM_IV_BYTES, headerBytes),
    additionalData: binding.additionalData.of(binding.storageKey, envelope, headerBytes),
  };
  const plaintext = gcmOpen(input, envelope.subarray(headerBytes, tagAt), envelope.subarray(tagAt));
  return { revision: readRevision(envelope), keyId: key.keyId, plaintext };
}

/**
 * Returns the fields of the header, which are not authenticated before the envelope is opened.
 * @throws {EnvelopeError} `malformed`.
 */
export function readEnvelopeHeader(envelope: Buffer): EnvelopeHeader {
  const suite = checkHeader(envelope);
  return { suite, keyId: envelope.subarray(KEY_ID_AT, REVISION_AT), revision: readRevision(envelope) };
}

function writeHeader(envelope: Buffer, key: DataKey, revision: number): void {
  envelope[0] = MAGIC;
  envelope[1] = VERSION;
  envelope[SUITE_AT] = key.suite;
  envelope[FLAGS_AT] = 0;
  envelope.set(key.keyId, KEY_ID_AT);
  envelope.writeUInt32BE(Math.floor(revision / WORD), REVISION_AT);
  envelope.writeUInt32BE(revision % WORD, REVISION_AT + 4);
}

/** Checks everything that needs no key. Flags are reserved and zero in this version. */
function checkHeader(envelope: Buffer): Suite {
  const suite = envelope[SUITE_AT];
  const known = envelope[0] === MAGIC && envelope[1] === VERSION && envelope[FLAGS_AT] === 0;
  if (!known || (suite !== 1 && suite !== 2)) throw new EnvelopeError('malformed');
  const plaintextBytes = envelope.length - NONCE_AT - NONCE_BYTES[suite] - ENVELOPE_TAG_BYTES;
  if (plaintextBytes < 0 || plaintextBytes > PLAINTEXT_BYTES_MAX) throw new EnvelopeError('malformed');
  const revision = readRevision(envelope);
  if (revision < 1 || revision > Number.MAX_SAFE_INTEGER) throw new EnvelopeError('malformed');
  return suite;
}

function readRevision(envelope: Buffer): number {
  return envelope.readUInt32BE(REVISION_AT) * WORD + envelope.readUInt32BE(REVISION_AT + 4);
}

function openingKey(keys: DataKeys, envelope: Buffer, suite: Suite): DataKey {
  const key = keys.dataKey(envelope, KEY_ID_AT);
  if (key === undefined) throw new EnvelopeError(keys.isRevoked(envelope, KEY_ID_AT) ? 'revoked-key' : 'unknown-key');
  if (!opens(key.state)) throw new EnvelopeError('revoked-key');
  // A key seals under one suite only, so the header was rewritten.
  if (key.suite !== suite) throw new EnvelopeError('tampered');
  return key;
}

function opens(state: KeyState): boolean {
  switch (state) {
    case 'pending':
    case 'active':
    case 'decrypt-only':
      return true;
    case 'retired':
    case 'revoked':
      return false;
    default:
      return state satisfies never;
  }
}
