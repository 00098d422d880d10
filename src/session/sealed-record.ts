/**
 * What tiers see of a session. Nothing here is readable without a key: ids are hashed, the user id is blinded, the data
 * is sealed. Times are milliseconds since the epoch; `lastSeenAt` and `idleExpiresAt` are not authenticated.
 */
export interface SealedRecord {
  /** SHA-256 of the session id, 32 bytes. */
  readonly storageKey: Buffer;
  /** Keyed hash of the user id, 32 bytes, or null for a session without a user. */
  readonly userKey: Buffer | null;
  readonly revision: number;
  readonly envelope: Buffer;
  /** First 8 bytes of the thumbprint of the key that sealed the envelope, mirrored from its header. */
  readonly keyId: Buffer;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** What it takes to confirm a copy without moving the envelope. */
export interface RecordState {
  readonly revision: number;
  readonly keyId: Buffer;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
}
