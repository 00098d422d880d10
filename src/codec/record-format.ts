import { isUtf8 } from 'node:buffer';
import { EnvelopeError, PayloadError } from '../errors.ts';
import { KEY_ID_BYTES } from '../limits/keys.ts';
import { LABEL_BYTES_MAX, LINEAGE_KEYS_MAX, USER_ID_BYTES_MAX } from '../limits/session.ts';
import type { Lineage } from '../session/lineage.ts';
import type { SessionRecord } from '../session/session-record.ts';

/**
 * The layout of an envelope's plaintext (docs/reference/envelope-v1.md, "Plaintext"): `0x01 ‖ serializer[1] ‖
 * schemaVersion[4] ‖ createdAt[6] ‖ absoluteExpiresAt[6] ‖ idleLifetime[6] ‖ authenticatedAt[6] ‖ lineageCount[1] ‖
 * keyId[8] … ‖ length-prefixed userId ‖ length-prefixed label ‖ data`. Integers are big-endian and unsigned, times
 * milliseconds.
 */
const RECORD_VERSION = 0x01;
const SERIALIZER_AT = 1;
const SCHEMA_VERSION_AT = 2;
const CREATED_AT = 6;
const ABSOLUTE_AT = 12;
const IDLE_AT = 18;
const AUTHENTICATED_AT = 24;
const LINEAGE_COUNT_AT = 30;
const LINEAGE_AT = 31;
/** 48 bits of milliseconds reach the year 10889. */
const TIME_BYTES = 6;
const TIME_MAX = 2 ** 48 - 1;
/** The `authenticatedAt` of a session whose user never authenticated. */
const NEVER = 0;
const SCHEMA_VERSION_MAX = 2 ** 32 - 1;
/** The length of an absent text; an empty one has length 0. */
const ABSENT = 0xffff;

const NO_TEXT = Buffer.alloc(0);
const NO_KEYS: Lineage = [];

/**
 * Writes the plaintext of an envelope. `record.lineage` must name the earlier keys only: the header of the envelope names its own.
 * @throws {PayloadError} a value of the caller does not fit (user id, label).
 * @throws {RangeError} a value of this library does not fit.
 */
export function encodeRecord(record: SessionRecord, serializerId: number): Buffer {
  checkNumbers(record);
  const userId = record.userId === undefined ? undefined : encodeUserId(record.userId);
  const label = record.label === undefined ? undefined : encodeLabel(record.label);
  const textsAt = LINEAGE_AT + record.lineage.length * KEY_ID_BYTES;
  const dataAt = textsAt + 4 + (userId?.length ?? 0) + (label?.length ?? 0);
  const bytes = Buffer.allocUnsafe(dataAt + record.data.length);
  bytes[0] = RECORD_VERSION;
  bytes[SERIALIZER_AT] = serializerId;
  bytes.writeUInt32BE(record.schemaVersion, SCHEMA_VERSION_AT);
  bytes.writeUIntBE(record.createdAt, CREATED_AT, TIME_BYTES);
  bytes.writeUIntBE(record.absoluteExpiresAt, ABSOLUTE_AT, TIME_BYTES);
  bytes.writeUIntBE(record.idleLifetimeMs, IDLE_AT, TIME_BYTES);
  bytes.writeUIntBE(record.authenticatedAt ?? NEVER, AUTHENTICATED_AT, TIME_BYTES);
  writeLineage(bytes, record.lineage);
  writeText(bytes, label, writeText(bytes, userId, textsAt));
  bytes.set(record.data, dataAt);
  return bytes;
}

/**
 * Reads what `encodeRecord` wrote, and nothing else. `data` is a view of `bytes`.
 * @throws {EnvelopeError} `malformed`.
 */
export function decodeRecord(bytes: Buffer, revision: number, serializerId: number): SessionRecord {
  if (bytes.length < LINEAGE_AT + 4 || bytes[0] !== RECORD_VERSION) throw new EnvelopeError('malformed');
  if (bytes[SERIALIZER_AT] !== serializerId) throw new EnvelopeError('malformed');
  const lineage = readLineage(bytes);
  const userId = readText(bytes, LINEAGE_AT + lineage.length * KEY_ID_BYTES, USER_ID_BYTES_MAX);
  const label = readText(bytes, userId.end, LABEL_BYTES_MAX);
  const record: SessionRecord = {
    revision,
    createdAt: bytes.readUIntBE(CREATED_AT, TIME_BYTES),
    absoluteExpiresAt: bytes.readUIntBE(ABSOLUTE_AT, TIME_BYTES),
    idleLifetimeMs: bytes.readUIntBE(IDLE_AT, TIME_BYTES),
    authenticatedAt: bytes.readUIntBE(AUTHENTICATED_AT, TIME_BYTES) || undefined,
    lineage,
    userId: userId.text,
    label: label.text,
    schemaVersion: bytes.readUInt32BE(SCHEMA_VERSION_AT),
    data: bytes.subarray(label.end),
  };
  if (record.userId === '' || !isSane(record)) throw new EnvelopeError('malformed');
  return record;
}

/**
 * Returns the bytes of a user id, for records and blind indexes.
 * @throws {PayloadError} it is empty, too long or no Unicode.
 */
export function encodeUserId(userId: string): Buffer {
  if (userId === '') throw new PayloadError('The userId must not be empty.');
  return encodeText(userId, USER_ID_BYTES_MAX, 'userId');
}

/**
 * Returns the bytes of a label.
 * @throws {PayloadError} it is too long or no Unicode.
 */
export function encodeLabel(label: string): Buffer {
  return encodeText(label, LABEL_BYTES_MAX, 'label');
}

function encodeText(text: string, bytesMax: number, what: string): Buffer {
  if (typeof text !== 'string') throw new PayloadError(`The ${what} must be a string.`);
  // UTF-8 has no lone surrogates: each would become U+FFFD, and two users one.
  if (/\p{Surrogate}/u.test(text)) throw new PayloadError(`The ${what} contains a lone surrogate, which is not text.`);
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > bytesMax) {
    throw new PayloadError(`The ${what} has ${bytes.length} bytes as UTF-8; at most ${bytesMax} are allowed.`);
  }
  return bytes;
}

function writeLineage(bytes: Buffer, lineage: Lineage): void {
  bytes[LINEAGE_COUNT_AT] = lineage.length;
  lineage.forEach((keyId, at) => bytes.set(keyId, LINEAGE_AT + at * KEY_ID_BYTES));
}

/**
 * Copies the lineage, since the record outlives the plaintext. The copy is not from Node's pool, of which a remembered
 * record would keep 64 KiB alive. If the plaintext ends within the lineage, reading the texts behind it fails.
 */
function readLineage(bytes: Buffer): Lineage {
  const count = bytes.readUInt8(LINEAGE_COUNT_AT);
  if (count === 0) return NO_KEYS;
  if (count > LINEAGE_KEYS_MAX) throw new EnvelopeError('malformed');
  const copy = Buffer.alloc(count * KEY_ID_BYTES);
  bytes.copy(copy, 0, LINEAGE_AT);
  const lineage = Array.from({ length: count }, (_, n) => copy.subarray(n * KEY_ID_BYTES, (n + 1) * KEY_ID_BYTES));
  if (!areDistinct(lineage)) throw new EnvelopeError('malformed');
  return lineage;
}

function areDistinct(lineage: Lineage): boolean {
  return lineage.length < 2 || new Set(lineage.map((keyId) => keyId.toString('latin1'))).size === lineage.length;
}

function writeText(bytes: Buffer, text: Buffer | undefined, at: number): number {
  bytes.writeUInt16BE(text?.length ?? ABSENT, at);
  bytes.set(text ?? NO_TEXT, at + 2);
  return at + 2 + (text?.length ?? 0);
}

function readText(bytes: Buffer, at: number, bytesMax: number): { text: string | undefined; end: number } {
  if (at + 2 > bytes.length) throw new EnvelopeError('malformed');
  const length = bytes.readUInt16BE(at);
  if (length === ABSENT) return { text: undefined, end: at + 2 };
  const end = at + 2 + length;
  if (length > bytesMax || end > bytes.length) throw new EnvelopeError('malformed');
  const text = bytes.subarray(at + 2, end);
  if (!isUtf8(text)) throw new EnvelopeError('malformed');
  return { text: text.toString('utf8'), end };
}

function checkNumbers(record: SessionRecord): void {
  const { createdAt, absoluteExpiresAt, idleLifetimeMs, authenticatedAt, schemaVersion, lineage } = record;
  const times = [createdAt, absoluteExpiresAt, idleLifetimeMs];
  const isTime = (time: number): boolean => Number.isInteger(time) && time >= 0 && time <= TIME_MAX;
  const fits =
    times.every(isTime) && (authenticatedAt === undefined || (isTime(authenticatedAt) && authenticatedAt > NEVER));
  if (!fits || !isSane(record)) throw new RangeError('The times of a record must be whole milliseconds, in order.');
  if (!Number.isInteger(schemaVersion) || schemaVersion < 0 || schemaVersion > SCHEMA_VERSION_MAX) {
    throw new RangeError('A schemaVersion is an integer from 0 to 2³² − 1.');
  }
  const isLineage = lineage.length <= LINEAGE_KEYS_MAX && lineage.every(({ length }) => length === KEY_ID_BYTES);
  if (!isLineage || !areDistinct(lineage)) {
    throw new RangeError(`A lineage is at most ${LINEAGE_KEYS_MAX} different key ids of ${KEY_ID_BYTES} bytes.`);
  }
}

function isSane({ createdAt, absoluteExpiresAt, idleLifetimeMs }: SessionRecord): boolean {
  return absoluteExpiresAt > createdAt && idleLifetimeMs > 0;
}
