/** The plaintext of a session, inside the client only. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** Issued by the durable tier's compare-and-swap, 1 at creation; orders the writes of one session. */
  readonly revision: number;
  readonly createdAt: number;
  readonly absoluteExpiresAt: number;
  readonly idleLifetimeMs: number;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  /** Version of the shape of the application's data; 0 unless a schema says otherwise. */
  readonly schemaVersion: number;
  /** The application's data as the serializer wrote it. */
  readonly data: Buffer;
}
