import { ENVELOPE_TAG_BYTES } from '../limits/codec.ts';

/**
 * A session as the tiers see it. Nothing here is readable without a key: ids are hashed, the user id is blinded, the
 * data is sealed. Times are milliseconds since the epoch; `lastSeenAt` and `idleExpiresAt` are not authenticated.
 */
export interface SealedRecord {
  /** SHA-256 of the session id, 32 bytes. */
  readonly storageKey: Buffer;
  /** A keyed hash of the user id, 32 bytes; null for a session without a user. */
  readonly userKey: Buffer | null;
  readonly revision: number;
  readonly envelope: Buffer;
  /** The first 8 bytes of the thumbprint of the key that sealed the envelope, as in its header. */
  readonly keyId: Buffer;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** Milliseconds of inactivity after which the session ends. A touch moves the idle deadline by as much. */
  readonly idleLifetimeMs: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** The state that confirms a copy without sending the envelope. */
export interface RecordState {
  readonly revision: number;
  /**
   * The last 16 bytes of the envelope. Two envelopes of one revision may differ: a database that lost a commit issues the
   * same revision again.
   */
  readonly tag: Buffer;
  readonly keyId: Buffer;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** Returns the AES-GCM tag, a view of the envelope's end. It distinguishes two envelopes. */
export function envelopeTag(envelope: Buffer): Buffer {
  return envelope.subarray(-ENVELOPE_TAG_BYTES);
}
