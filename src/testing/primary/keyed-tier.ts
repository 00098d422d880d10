import type {
  NewValue,
  PrimaryEntry,
  PrimaryShard,
  PrimaryTier,
  PrimaryValue,
  RestampCommand,
  Vantage,
} from '../../tiers/primary.ts';

/** A tier as most cases use it: each command goes to the shard that owns its key. */
export class KeyedTier {
  readonly tier: PrimaryTier;

  constructor(tier: PrimaryTier) {
    this.tier = tier;
  }

  /** Throws where no shard owns the key: an open tier knows one for each. */
  shardOf(storageKey: Buffer): PrimaryShard {
    const shard = this.tier.shardOf(storageKey);
    if (shard === null) throw new Error('Expected a shard that owns the key.');
    return shard;
  }

  vantageOf(storageKey: Buffer): Vantage {
    const vantage = this.shardOf(storageKey).vantage();
    if (vantage === null) throw new Error('Expected a shard that is connected.');
    return vantage;
  }

  read(storageKey: Buffer): Promise<PrimaryEntry> {
    return this.shardOf(storageKey).read(storageKey);
  }

  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    return this.shardOf(storageKey).lease(storageKey, token, over);
  }

  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    return this.shardOf(storageKey).fill(storageKey, token, value);
  }

  publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    return this.shardOf(storageKey).publish(storageKey, value);
  }

  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    return this.shardOf(storageKey).restamp(storageKey, command);
  }

  evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    return this.shardOf(storageKey).evict(storageKey, belowRevision);
  }

  hold(storageKey: Buffer): Promise<void> {
    return this.shardOf(storageKey).hold(storageKey);
  }

  tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    return this.shardOf(storageKey).tombstone(storageKey, ttlMs);
  }

  close(): Promise<void> {
    return this.tier.close();
  }
}
