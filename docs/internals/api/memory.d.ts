// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { MemoryDatabase, MemoryKeyspace };

type MemoryDatabase = Map<string, Row>;

export declare function memoryDurableTier(database?: MemoryDatabase): DurableTier;

type MemoryKeyspace = Map<string, Stored>;

export declare function memoryPrimaryTier(keyspace?: MemoryKeyspace): PrimaryTier;

interface Row extends SealedRecord {
  readonly namespace: string;
  readonly writeId: Buffer;
  readonly revokedAt: number | null;
  readonly dirtyAt: number | null;
  readonly rotatedAt: number | null;
  readonly previousKeys: readonly Buffer[];
}

type Stored = {
  readonly expiresAt: number;
} & ({
  readonly kind: "hold";
} | {
  readonly kind: "lease";
  readonly token: string;
} | {
  readonly kind: "tombstone";
} | {
  readonly kind: "value";
  readonly value: PrimaryValue;
});
