import { TierFailure } from '../../errors.ts';
import { STORAGE_KEY_BYTES } from '../../limits.ts';
import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';
import type { RevokedRow } from '../tier.ts';
import type { ColumnName } from './table.ts';

/** A row as a driver adapter hands it over: bytes as `Uint8Array`, integers as `bigint` or, from SQLite, `number`. */
export type Row = Readonly<Record<string, unknown>>;

export function toRecord(row: Row): SealedRecord {
  return {
    storageKey: bytes(row, 'storage_key'),
    userKey: row['user_key'] === null ? null : bytes(row, 'user_key'),
    envelope: bytes(row, 'envelope'),
    createdAt: integer(row, 'created_at'),
    ...toState(row),
  };
}

export function toState(row: Row): RecordState {
  return {
    revision: integer(row, 'revision'),
    keyId: bytes(row, 'key_id'),
    lastSeenAt: integer(row, 'last_seen_at'),
    idleExpiresAt: integer(row, 'idle_expires_at'),
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
  };
}

export function toRevokedRow(row: Row): RevokedRow {
  return {
    storageKey: bytes(row, 'storage_key'),
    idleExpiresAt: integer(row, 'idle_expires_at'),
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
  };
}

/** The keys that a row remembers lie end to end; a match across the border of two is none. */
export function remembers(row: Row, storageKey: Buffer): boolean {
  const keys = bytes(row, 'previous_keys');
  for (let at = 0; at < keys.length; at += STORAGE_KEY_BYTES) {
    if (keys.subarray(at, at + STORAGE_KEY_BYTES).equals(storageKey)) return true;
  }
  return false;
}

/** A view of the driver's bytes: an envelope of 64 KiB is not copied once more. */
export function bytes(row: Row, column: ColumnName): Buffer {
  const value = row[column];
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw malformed();
}

/** Past 2^53 a number would silently be another one, and a revision decides who wins. */
function integer(row: Row, column: ColumnName): number {
  const value = row[column];
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw malformed();
}

/** The statement was executed, so this must not claim that nothing changed. */
function malformed(): TierFailure {
  return new TierFailure('ambiguous', 'malformed-row');
}
