import type { Lineage } from './lineage.ts';

/** The plaintext of a session, inside the client only. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** Issued by the durable tier's compare-and-swap, 1 at creation; orders the writes of one session. */
  readonly revision: number;
  /** In a record that a reader got, or that was stored, the tag of its envelope: what a write that replaces it expects to find. */
  readonly tag?: Buffer;
  readonly createdAt: number;
  readonly absoluteExpiresAt: number;
  readonly idleLifetimeMs: number;
  /** When the user last proved who they are: at `create` or `regenerate` with a user id. */
  readonly authenticatedAt: number | undefined;
  /** The keys that sealed this session so far; in a record that was opened or stored, its own envelope's key is the last one. */
  readonly lineage: Lineage;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  /** Version of the shape of the application's data; 0 unless a schema says otherwise. */
  readonly schemaVersion: number;
  /** The application's data as the serializer wrote it. */
  readonly data: Buffer;
}
