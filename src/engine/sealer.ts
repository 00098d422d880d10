import type { Codec } from '../codec/codec.ts';
import { idleDeadline } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';

/** A record as the tiers will hold it: sealed, its user blinded, its deadlines beside it. */
export function sealRecord(codec: Codec, storageKey: Buffer, record: SessionRecord, lastSeenAt: number): SealedRecord {
  const { createdAt, absoluteExpiresAt, idleLifetimeMs, revision, userId } = record;
  const envelope = codec.seal(storageKey, record);
  return {
    storageKey,
    userKey: userId === undefined ? null : codec.userKey(userId),
    revision,
    envelope,
    keyId: codec.keyIdOf(envelope),
    createdAt,
    lastSeenAt,
    idleLifetimeMs,
    idleExpiresAt: idleDeadline(lastSeenAt, idleLifetimeMs, absoluteExpiresAt),
    absoluteExpiresAt,
  };
}
