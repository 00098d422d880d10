import type { TierFailure } from '../errors.ts';
import type { TierContext } from './context.ts';
import type { PrimaryFacts } from './diagnosis.ts';

/** The time of the primary server's own clock, and its incarnation, at which a copy was known to be the truth. */
export interface Stamp {
  /** Names the time for which one process of a server was master without a break: nothing that was written to it then was rolled back. */
  readonly incarnation: string;
  /** Milliseconds of the server's clock. */
  readonly at: number;
}

/** The bounds between which the server's clock is right now, as far as this node knows. */
export interface Vantage {
  readonly incarnation: string;
  readonly earliest: number;
  readonly latest: number;
}

export interface PrimaryValue {
  readonly kind: 'value';
  readonly revision: number;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly envelope: Buffer;
}

/**
 * The entry that a key of the primary tier holds.
 * - `value`: a copy of the truth;
 * - `hold`: a destroy or a regenerate is in flight: ask the durable tier and store nothing;
 * - `lease`: a reader is filling: ask the durable tier and store nothing;
 * - `tombstone`: dead for good;
 * - `absent`: says nothing.
 */
export type PrimaryEntry =
  | PrimaryValue
  | { readonly kind: 'absent' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'lease' }
  | { readonly kind: 'tombstone' };

/** A value to be stored, and how long the server may keep it. The time to live is a hint: deadlines decide. */
export interface NewValue {
  readonly revision: number;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly envelope: Buffer;
  readonly ttlMs: number;
}

export interface RestampCommand {
  readonly revision: number;
  /** The last 16 bytes of the envelope that is the truth at this revision. */
  readonly tag: Buffer;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly ttlMs: number;
}

/**
 * The part of a primary tier that one server owns: a cache that obeys the rules of the coherence protocol. Each method is one atomic
 * step on one key. Mutations carry a deadline in the server's time; one that would run later does nothing and fails.
 *
 * | meets → | absent | value | hold | lease | tombstone |
 * |---|---|---|---|---|---|
 * | `lease` | takes | takes, if it is the value that was read | – | – | – |
 * | `fill` | – | – | – | stores, if it is the caller's own | – |
 * | `publish` | – | replaces a lower revision, and another envelope of the same one | – | deletes | – |
 * | `restamp` | – | same envelope: stamps; lower revision, or same with another envelope: deletes | – | – | – |
 * | `evict` | – | deletes a lower revision | – | deletes | – |
 * | `hold` | holds | holds | prolongs | holds | – |
 * | `tombstone` | entombs | entombs | entombs | entombs | prolongs |
 *
 * If a key has moved, the shard that was asked may have another one answer. `shardOf` names that one before the promise resolves.
 */
export interface PrimaryShard {
  /** Names the shard among those of the tier, at every node alike, for as long as it lives: 1 to 40 characters of `0-9a-z`. */
  readonly name: string;
  /** Null while there is no usable connection to a server that may serve (a master, loaded and ready). */
  vantage(): Vantage | null;
  /** Says why `vantage()` is null. Null while it is not, and while nothing is known yet. */
  failure(): TierFailure | null;
  /** Proves that the server answers reads and runs scripts that write, and learns its incarnation and clock anew. */
  probe(): Promise<void>;
  /**
   * Asks the server whether it may still serve and is of the incarnation that `vantage()` names: a master may follow another and
   * become a master again behind an open connection, and has then lost what was written to it. If not, rejects, and
   * `vantage()` is null.
   */
  confirm(): Promise<void>;
  read(storageKey: Buffer): Promise<PrimaryEntry>;
  /** `over` is the untrusted value that was read, or null where the key was absent. True if the lease was taken. */
  lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean>;
  /** True if the value was stored. */
  fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean>;
  /** True if the value was stored. */
  publish(storageKey: Buffer, value: NewValue): Promise<boolean>;
  /**
   * Stamps a value anew. Times and time to live only grow, and so do stamps within one incarnation; but a stamp beyond the
   * server's present gives way. True if the value was stamped.
   */
  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean>;
  /** Deletes a value of a revision lower than `belowRevision` (at most `REVISION_MAX`), and any lease. */
  evict(storageKey: Buffer, belowRevision: number): Promise<void>;
  hold(storageKey: Buffer): Promise<void>;
  tombstone(storageKey: Buffer, ttlMs: number): Promise<void>;
}

/** The calls that a tier makes, in the turn of the change. */
export interface PrimaryEvents {
  /** `vantage()` of this shard turned from null or to null. */
  onShardChange(shard: PrimaryShard): void;
  /** `shards` has others than before, or a key has another shard. */
  onShardsChange(): void;
}

/** A cache of one server or of several, each of which owns a part of the keys. */
export interface PrimaryTier {
  readonly name: string;
  /**
   * Connects. Rejects with `misconfigured` where waiting would not help, with another kind where no server is reached; in that
   * case it goes on trying by itself.
   */
  open(context: TierContext, events: PrimaryEvents): Promise<void>;
  /** The shards that are known now: the same array until `onShardsChange`. Empty while none is. */
  readonly shards: readonly PrimaryShard[];
  /** The shard that owns the key, one of `shards`: the same object for as long as the shard lives. Null if no owner is known. */
  shardOf(storageKey: Buffer): PrimaryShard | null;
  /** Says why `shards` is empty. Null while it is not, and while nothing is known yet. */
  failure(): TierFailure | null;
  /** Collects facts for `holdfast doctor`, over connections of its own, whether the tier is open or not. Never rejects. */
  diagnose?(context: TierContext): Promise<PrimaryFacts>;
  close(): Promise<void>;
}
