import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import { envelopeTag, type RecordState, type SealedRecord } from '../../../session/sealed-record.ts';
import type { DirtyRow, EndedBounds, FeedPosition } from '../../durable.ts';

/** A session as the durable tier keeps it. */
export interface Row extends SealedRecord {
  readonly namespace: string;
  readonly writeId: Buffer;
  readonly revokedAt: number | null;
  readonly dirtyAt: number | null;
  readonly rotatedAt: number | null;
  /** The earlier storage keys, the oldest first. */
  readonly previousKeys: readonly Buffer[];
}

/** True if the session may still be used at this time. */
export function isAlive(row: Row, aliveAt: number): boolean {
  return row.revokedAt === null && row.idleExpiresAt >= aliveAt && row.absoluteExpiresAt > aliveAt;
}

/** True if the row has ended for good: no node has anything to learn from it any more. */
export function isOver(row: Row, { endedBefore, revokedBefore }: EndedBounds): boolean {
  if (row.dirtyAt !== null || row.rotatedAt !== null) return false;
  if (row.revokedAt !== null) return row.revokedAt < revokedBefore;
  return row.idleExpiresAt < endedBefore || row.absoluteExpiresAt < endedBefore;
}

/** True if the caller's envelope is the row's. */
export function isKnown({ envelope }: Row, known: Buffer): boolean {
  return known.length >= ENVELOPE_TAG_BYTES && envelopeTag(known).equals(envelopeTag(envelope));
}

export function belongsTo(row: Row, userKeys: readonly Buffer[]): boolean {
  return userKeys.some((userKey) => row.userKey?.equals(userKey));
}

export function toDirtyRow(row: Row, dirtyAt: number): DirtyRow {
  const { storageKey, revision, revokedAt, absoluteExpiresAt, previousKeys } = row;
  return { storageKey, dirtyAt, revision, isRevoked: revokedAt !== null, absoluteExpiresAt, previousKeys };
}

/** True if the row comes after this position of the feed. */
export function isBehind(row: FeedPosition, position: FeedPosition | number): boolean {
  if (typeof position === 'number') return row.dirtyAt >= position;
  if (row.dirtyAt !== position.dirtyAt) return row.dirtyAt > position.dirtyAt;
  return row.storageKey.compare(position.storageKey) > 0;
}

export function toState(row: Row): RecordState {
  const { revision, envelope, keyId, lastSeenAt, idleExpiresAt, absoluteExpiresAt } = row;
  const tag = Buffer.from(envelopeTag(envelope));
  return { revision, tag, keyId: Buffer.from(keyId), lastSeenAt, idleExpiresAt, absoluteExpiresAt };
}

export function toRecord(row: Row): SealedRecord {
  const { storageKey, userKey, revision, envelope, keyId } = row;
  const { createdAt, lastSeenAt, idleLifetimeMs, idleExpiresAt, absoluteExpiresAt } = row;
  return {
    storageKey: Buffer.from(storageKey),
    userKey: userKey && Buffer.from(userKey),
    revision,
    envelope: Buffer.from(envelope),
    keyId: Buffer.from(keyId),
    createdAt,
    lastSeenAt,
    idleLifetimeMs,
    idleExpiresAt,
    absoluteExpiresAt,
  };
}
