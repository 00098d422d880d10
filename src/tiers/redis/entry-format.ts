import { TierFailure } from '../../errors.ts';
import { REVISION_MAX } from '../../limits/session.ts';
import type { NewValue, PrimaryEntry, PrimaryValue } from '../primary.ts';

/**
 * A key holds one string, whose first character says which of four things it is.
 *
 * | entry | bytes |
 * |---|---|
 * | value | `V` ‖ revision (16) ‖ incarnation (8) ‖ validatedAt (13) ‖ lastSeenAt (13) ‖ idleExpiresAt (13) ‖ envelope |
 * | hold | `H` |
 * | lease | `L` ‖ token |
 * | tombstone | `T` |
 *
 * Numbers are decimal digits of fixed width, so that scripts compare them as strings: Lua's `<` follows the server's
 * locale (`strcoll`), in which digits, unlike letters, keep their order. Times and stamps lie at fixed places, so that
 * a stamp rewrites 47 bytes (`SETRANGE`) and never the envelope.
 *
 * Anything else is *foreign*: another program's, another version's, or damaged. It is read as absent, and every script
 * treats it as absent too, so that the next reader's lease replaces it and nothing that cannot be read can block a key. A key
 * of another type is deleted by the first script that meets it.
 */

/** The first of the revision's 16 digits stays 0: it is then a safe integer, here and in Lua. */
const DIGITS = { revision: 16, time: 13 } as const;
export const INCARNATION_CHARS = 8;

/** The zero-based places of the fields in a value. */
export const PLACES = {
  revision: 1,
  incarnation: 17,
  stampedAt: 25,
  lastSeenAt: 38,
  idleExpiresAt: 51,
  envelope: 64,
} as const;
export const HEADER_BYTES: number = PLACES.envelope;

/** The largest time of thirteen digits: 2286 in milliseconds. */
const TIME_MAX = 9_999_999_999_999;

/** The header of a value as a Lua pattern; `decodeValue` accepts exactly the same. */
export const HEADER_LUA_PATTERN: string = `^V0${'%d'.repeat(15)}${'%w'.repeat(INCARNATION_CHARS)}${'%d'.repeat(3 * DIGITS.time)}`;

const ZERO = 0x30;
const NINE = 0x39;

const VALUE_BYTE = 0x56;
const HOLD_BYTE = 0x48;
const LEASE_BYTE = 0x4c;
const TOMBSTONE_BYTE = 0x54;

type Header = Omit<NewValue, 'envelope' | 'ttlMs'>;

/** The envelope is a view of `bytes`, not a copy. */
export function decodeEntry(bytes: Buffer | null): PrimaryEntry {
  switch (bytes?.[0]) {
    case VALUE_BYTE:
      return decodeValue(bytes) ?? { kind: 'absent' };
    case HOLD_BYTE:
      return { kind: 'hold' };
    case LEASE_BYTE:
      return { kind: 'lease' };
    case TOMBSTONE_BYTE:
      return { kind: 'tombstone' };
    default:
      return { kind: 'absent' };
  }
}

export function encodeValue(value: NewValue): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + value.envelope.length);
  bytes.write(encodeHeader(value), 'latin1');
  bytes.set(value.envelope, HEADER_BYTES);
  return bytes;
}

export function encodeHeader({ revision, stamp, lastSeenAt, idleExpiresAt }: Header): string {
  const stampText = encodeIncarnation(stamp.incarnation) + encodeTime(stamp.at);
  return `V${encodeRevision(revision)}${stampText}${encodeTime(lastSeenAt)}${encodeTime(idleExpiresAt)}`;
}

export function encodeRevision(revision: number): string {
  return encodeNumber(revision, REVISION_MAX, DIGITS.revision);
}

/** Scripts compare `L` and the token with as much of the entry as a header is long. */
export function encodeToken(token: string): string {
  if (!/^[0-9A-Za-z_-]{1,63}$/.test(token)) throw new TierFailure('not-sent', 'out-of-range');
  return token;
}

/** Encodes at least one millisecond: Redis refuses less, and the entry is then as good as gone. */
export function encodeTtl(ttlMs: number): string {
  return encodeNumber(Math.max(Math.ceil(ttlMs), 1), TIME_MAX, 1);
}

export function isIncarnation(text: string): boolean {
  return /^[0-9A-Za-z]{8}$/.test(text);
}

function encodeTime(time: number): string {
  return encodeNumber(time, TIME_MAX, DIGITS.time);
}

/** Throws for what could not be read back: it would count as foreign. */
function encodeNumber(value: number, max: number, digits: number): string {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new TierFailure('not-sent', 'out-of-range');
  return String(value).padStart(digits, '0');
}

function encodeIncarnation(incarnation: string): string {
  if (!isIncarnation(incarnation)) throw new TierFailure('not-sent', 'out-of-range');
  return incarnation;
}

function decodeValue(bytes: Buffer): PrimaryValue | null {
  if (bytes.length < HEADER_BYTES || bytes[PLACES.revision] !== ZERO) return null;
  const revision = readDigits(bytes, PLACES.revision, DIGITS.revision);
  const at = readDigits(bytes, PLACES.stampedAt, DIGITS.time);
  const lastSeenAt = readDigits(bytes, PLACES.lastSeenAt, DIGITS.time);
  const idleExpiresAt = readDigits(bytes, PLACES.idleExpiresAt, DIGITS.time);
  if (revision < 0 || at < 0 || lastSeenAt < 0 || idleExpiresAt < 0) return null;
  const incarnation = bytes.toString('latin1', PLACES.incarnation, PLACES.stampedAt);
  if (!isIncarnation(incarnation)) return null;
  const envelope = bytes.subarray(PLACES.envelope);
  return { kind: 'value', revision, stamp: { incarnation, at }, lastSeenAt, idleExpiresAt, envelope };
}

/** -1 if there is anything but digits. Makes no string, because every read of a session passes here four times. */
function readDigits(bytes: Buffer, start: number, length: number): number {
  let value = 0;
  for (let index = start; index < start + length; index += 1) {
    const byte = bytes[index] as number;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}
