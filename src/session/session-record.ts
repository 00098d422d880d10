import type { Lineage } from './lineage.ts';

/** The plaintext of a session, inside the client only. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** A counter that the durable tier's compare-and-swap issues, 1 at creation. It orders the writes of one session. */
  readonly revision: number;
  /** The tag of the record's envelope, if the record was read or stored. A write that replaces it expects this tag. */
  readonly tag?: Buffer;
  readonly createdAt: number;
  readonly absoluteExpiresAt: number;
  readonly idleLifetimeMs: number;
  /** The time of the user's last authentication: `create` or `regenerate` with a user id. */
  readonly authenticatedAt: number | undefined;
  /**
   * The keys that sealed this session so far. In a record that was opened or stored, the last one is the key of its own
   * envelope.
   */
  readonly lineage: Lineage;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  /** The version of the application's data; 0 unless a schema gives another. */
  readonly schemaVersion: number;
  /** The application's data as the serializer wrote it. */
  readonly data: Buffer;
}
