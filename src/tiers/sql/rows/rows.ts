import { TierFailure } from '../../../errors.ts';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import { STORAGE_KEY_BYTES } from '../../../limits/session.ts';
import type { RecordState, SealedRecord } from '../../../session/sealed-record.ts';
import type { DirtyRow, FeedPage, InsertCommand, InsertOutcome, MovedRow, RevokedRow } from '../../durable.ts';
import type { FleetColumnName } from '../columns.ts';
import type { AnswerColumn } from '../columns.ts';
import type { ClusterTime } from '../cluster/cluster-time.ts';

/** A row as a driver adapter returns it: bytes as `Uint8Array`, integers as `bigint` or, from SQLite, `number`. */
export type Row = Readonly<Record<string, unknown>>;

/** The columns about clocks, beside those of tables. */
type ClockColumnName = 'committed' | 'now' | 'server';

/** Asks which session had this key before a regenerate at or after `since`. */
export interface MovedRequest {
  readonly previousStorageKey: Buffer;
  readonly since: number;
}

/** Asks for a row. The envelope need not be sent if it is the one that is `known`. */
export interface ReadRequest {
  readonly storageKey: Buffer;
  readonly known?: Buffer | undefined;
}

/** The tag of the envelope that the caller knows, if any. */
export function tagOf({ known }: ReadRequest): Buffer | null {
  return known && known.length >= ENVELOPE_TAG_BYTES ? known.subarray(-ENVELOPE_TAG_BYTES) : null;
}

/** Converts a row, in which the envelope may be null if it is `known`. */
export function toRecord(row: Row, known?: Buffer, storageKey: Buffer = bytes(row, 'storage_key')): SealedRecord {
  return {
    storageKey,
    userKey: row['user_key'] === null ? null : bytes(row, 'user_key'),
    revision: integer(row, 'revision'),
    envelope: known && row['envelope'] === null ? known : bytes(row, 'envelope'),
    keyId: bytes(row, 'key_id'),
    createdAt: integer(row, 'created_at'),
    lastSeenAt: integer(row, 'last_seen_at'),
    idleLifetimeMs: integer(row, 'idle_lifetime'),
    idleExpiresAt: integer(row, 'idle_expires_at'),
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
  };
}

export function toState(row: Row): RecordState {
  return {
    revision: integer(row, 'revision'),
    tag: bytes(row, 'tag'),
    keyId: bytes(row, 'key_id'),
    lastSeenAt: integer(row, 'last_seen_at'),
    idleExpiresAt: integer(row, 'idle_expires_at'),
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
  };
}

/**
 * The outcome of an insert that stored nothing, by the row that has its key. No row has it if the insert was late, or the row
 * is gone.
 */
export function toInsertOutcome(row: Row | undefined, { writeId, aliveAt }: InsertCommand): InsertOutcome {
  if (row === undefined) return 'late';
  if (bytes(row, 'write_id').equals(writeId)) return 'inserted';
  const hasEnded = integer(row, 'idle_expires_at') < aliveAt || integer(row, 'absolute_expires_at') <= aliveAt;
  return hasEnded || row['revoked_at'] !== null ? 'ended' : 'taken';
}

export function toRevokedRow(row: Row): RevokedRow {
  return {
    storageKey: bytes(row, 'storage_key'),
    idleExpiresAt: integer(row, 'idle_expires_at'),
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
    hasMoved: row['rotated_at'] !== null,
  };
}

/** Every row holds the clock and what there is to know of masters; the only row of an empty feed holds nothing else. */
/**
 * Refuses the row of a server that is no primary: it lags behind, so a row that it lacks may exist, and it takes no writes. It
 * may be promoted any moment.
 */
export function refuseStandby(row: Row): void {
  if (isTrue(row, 'standby')) throw new TierFailure('rejected', 'standby');
}

/** Refuses the row of a server that takes no writes: what it says may be the past, which is all that a former primary knows. */
export function refuseReadOnly(row: Row): void {
  if (isTrue(row, 'read_only')) throw new TierFailure('rejected', 'read-only');
}

/** A boolean, or a number from a database without booleans. */
export function isTrue(row: Row, name: string): boolean {
  return Number(row[name]) === 1;
}

/** Returns the present time: the clock of the server that answered, or the time of its cluster, to which it is a reading. */
export function presentOf(row: Row, time: ClusterTime | undefined): number {
  const wall = integer(row, 'now');
  if (time === undefined) return wall;
  const committed = row['committed'] === null ? null : integer(row, 'committed');
  time.take({ server: text(row, 'server'), wall, committed });
  return time.now();
}

export function toFeedPage(rows: readonly Row[], time?: ClusterTime): FeedPage {
  const [first = {}] = rows;
  refuseReadOnly(first);
  return {
    now: presentOf(first, time),
    rows: rows.filter((row) => row['storage_key'] !== null).map(toDirtyRow),
    masters: first['named'] === null ? null : text(first, 'named'),
    report: first['report'] === null ? null : text(first, 'report'),
  };
}

function toDirtyRow(row: Row): DirtyRow {
  return {
    storageKey: bytes(row, 'storage_key'),
    dirtyAt: integer(row, 'dirty_at'),
    revision: integer(row, 'revision'),
    isRevoked: row['revoked_at'] !== null,
    absoluteExpiresAt: integer(row, 'absolute_expires_at'),
    previousKeys: previousKeys(row),
  };
}

export function toMovedRow(row: Row): MovedRow {
  return { storageKey: bytes(row, 'storage_key'), isRevoked: row['revoked_at'] !== null };
}

/** Returns true if the row had this key. A match across the border of two keys is none. */
export function remembers(row: Row, { previousStorageKey, since }: MovedRequest): boolean {
  return integer(row, 'rotated_at') >= since && previousKeys(row).some((key) => key.equals(previousStorageKey));
}

/** The earlier keys of a row, which lie end to end, the oldest first. */
function previousKeys(row: Row): Buffer[] {
  const joined = bytes(row, 'previous_keys');
  const keys: Buffer[] = [];
  for (let at = 0; at < joined.length; at += STORAGE_KEY_BYTES) keys.push(joined.subarray(at, at + STORAGE_KEY_BYTES));
  return keys;
}

/** A view of the driver's bytes: an envelope of 64 KiB is not copied once more. */
export function bytes(row: Row, column: AnswerColumn | FleetColumnName): Buffer {
  const value = row[column];
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw malformed();
}

export function text(row: Row, column: ClockColumnName | FleetColumnName): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw malformed();
}

/** Returns an integer. Past 2^53 a number would silently be another one, and a revision decides which write wins. */
export function integer(row: Row, column: AnswerColumn | ClockColumnName | FleetColumnName): number {
  const value = row[column];
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw malformed();
}

/** The failure is ambiguous: the statement was executed and may have changed rows. */
function malformed(): TierFailure {
  return new TierFailure('ambiguous', 'malformed-row');
}
