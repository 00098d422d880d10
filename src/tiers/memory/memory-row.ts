import { ENVELOPE_TAG_BYTES } from '../../limits/codec.ts';
import { envelopeTag, type RecordState, type SealedRecord } from '../../session/sealed-record.ts';
import type { DirtyRow, EndedBounds, FeedPosition } from '../tier.ts';

/** What the durable tier keeps of a session. */
export interface Row extends SealedRecord {
  readonly namespace: string;
  readonly writeId: Buffer;
  readonly revokedAt: number | null;
  readonly dirtyAt: number | null;
  readonly rotatedAt: number | null;
  /** Oldest first. */
  readonly previousKeys: readonly Buffer[];
}

/** Nobody has anything to learn from the row any more. */
export function isOver(row: Row, { endedBefore, revokedBefore }: EndedBounds): boolean {
  if (row.dirtyAt !== null || row.rotatedAt !== null) return false;
  if (row.revokedAt !== null) return row.revokedAt < revokedBefore;
  return row.idleExpiresAt < endedBefore || row.absoluteExpiresAt < endedBefore;
}

/** Whoever has this envelope has the row's. */
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
