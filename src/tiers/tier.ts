import type { TierFailure } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { RecordState, SealedRecord } from '../session/sealed-record.ts';

/**
 * The two contracts. Everything that crosses them is sealed. Whatever goes wrong leaves a tier as a `TierFailure` of one
 * of four kinds, and as nothing else; a tier never answers "absent" for something that it could not find out.
 */

/** What a tier is told once, before its first use. */
export interface TierContext {
  /** Part of every key: sessions of one namespace are invisible in another. */
  readonly namespace: string;
  readonly platform: Platform;
  /** Every command settles within this time. */
  readonly timeoutMs: number;
  /** Whether ended rows will be removed: the durable tier then looks for the grant as well. */
  readonly sweeps?: boolean;
}

// --- The durable tier: the truth ---------------------------------------------------------------------------------

/** What every write carries. */
export interface WriteCommand {
  /**
   * 16 random bytes that name this write, so that a lost answer can be asked for again: the identical command, repeated
   * while the row still carries its write id, changes nothing and answers what the first one did.
   */
  readonly writeId: Buffer;
  /**
   * Milliseconds of the database's clock, looked at once the locks are held: a write that comes to run later changes
   * nothing. Null where the database's clock is not known yet.
   */
  readonly validUntil: number | null;
}

export interface InsertCommand extends WriteCommand {
  readonly record: SealedRecord;
  /** Whoever has the storage key is called living if no deadline of it lies before this time. */
  readonly aliveAt: number;
}

/**
 * What became of an insert. Only `inserted` changed anything.
 * - `inserted`: the row is there, by this call or by an earlier run of the same command;
 * - `taken`: a living session has the storage key;
 * - `ended`: a session that was revoked, or is past a deadline, has it: a storage key has one life, for as long as its row is kept;
 * - `late`: the deadline of the command had passed, and nobody has the storage key.
 */
export type InsertOutcome = 'ended' | 'inserted' | 'late' | 'taken';

/**
 * Conditions that every write of a living session carries; a write that does not meet them changes nothing. The row gets the
 * times of the record: an absolute deadline, earlier or later than before, the time of creation, and the idle lifetime. `lastSeenAt`
 * only grows; the idle deadline is the later `lastSeenAt` plus the idle lifetime, and never past the absolute one.
 */
export interface UpdateCommand extends WriteCommand {
  /** The state after the write; `record.revision` is one more than what it replaces. */
  readonly record: SealedRecord;
  /**
   * The tag of the envelope that the row has to hold, or null for whatever it holds: the database may have lost the one that the caller
   * has read, and given its revision to another write.
   */
  readonly replaces: Buffer | null;
  /** Marks the row dirty in the same statement: a copy of what it replaces may stay somewhere, and every node is to know. */
  readonly dirty: boolean;
  /** Rows whose idle or absolute deadline lies before this time are gone. */
  readonly aliveAt: number;
}

/** Gives a living session a new storage key. The old one is remembered, the eight latest of them. */
export interface RegenerateCommand extends UpdateCommand {
  readonly previousStorageKey: Buffer;
  readonly regeneratedAt: number;
}

export interface TouchCommand {
  readonly storageKey: Buffer;
  /**
   * The idle deadline follows it by the idle lifetime of the row: whoever touches may not have heard yet that this was changed.
   * Times only ever grow: a smaller value leaves the stored ones.
   */
  readonly lastSeenAt: number;
  readonly aliveAt: number;
  /**
   * Where the touch stands for several activities, the longest time between two of them, else 0. A row whose idle lifetime is
   * shorter (it was shortened meanwhile) is not touched: by its own rule the session may have ended in between.
   */
  readonly longestPauseMs: number;
}

export interface RevokeCommand extends WriteCommand {
  readonly storageKey: Buffer;
  readonly revokedAt: number;
  readonly dirty: boolean;
  /** Only a row that still carries this write id: one that an INSERT whose answer was lost may have left. */
  readonly writtenBy?: Buffer;
}

/** Always marks its rows dirty: rare, and then safe whatever happens to the caller. */
export interface RevokeManyCommand extends WriteCommand {
  /** The sessions of these user keys, or every session of the namespace. */
  readonly of: readonly Buffer[] | 'everyone';
  readonly except: Buffer | null;
  /** Only storage keys greater than this one; an empty buffer starts. */
  readonly after: Buffer;
  readonly limit: number;
  readonly revokedAt: number;
}

/** A row that was under another storage key before; it has this one now. */
export interface MovedRow {
  readonly storageKey: Buffer;
  readonly isRevoked: boolean;
}

/** A place in the dirty feed: marks are read in the order of time, then of storage key. */
export interface FeedPosition {
  readonly dirtyAt: number;
  readonly storageKey: Buffer;
}

/** A row of which copies may be stale: revoked, or at this revision; its earlier keys are dead. */
export interface DirtyRow extends FeedPosition {
  readonly revision: number;
  readonly isRevoked: boolean;
  readonly absoluteExpiresAt: number;
  readonly previousKeys: readonly Buffer[];
}

export interface FeedPage {
  /** The database's clock, milliseconds, before the rows were looked for. */
  readonly now: number;
  readonly rows: readonly DirtyRow[];
}

/** A row that this call revoked: its envelope is erased, its revision one higher. */
export interface RevokedRow {
  readonly storageKey: Buffer;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
  /** Whether it was given another key lately; `clearFeed` forgets it. */
  readonly hasMoved: boolean;
}

/** What became of the end of many: its rows; or `late`, where there are such rows, but its deadline had passed: nothing was changed. */
export type RevokeManyOutcome = 'late' | readonly RevokedRow[];

/** Which ring a fleet uses. The fingerprint tells two rings of one version apart. */
export interface RingMark {
  readonly version: number;
  /** 32 bytes, public. */
  readonly fingerprint: Buffer;
}

/** One life of one client, and the ring that it seals and opens with. */
export interface NodeMark {
  /** 16 random bytes. */
  readonly nodeId: Buffer;
  readonly ringVersion: number;
}

/** A node as the others see it. Times are milliseconds of the database's clock. */
export interface FleetNode extends NodeMark {
  /** The latest heartbeat. */
  readonly seenAt: number;
  /** The first heartbeat with this ring version. */
  readonly acknowledgedAt: number;
}

export interface Fleet {
  /** The database's clock, milliseconds, before the nodes were looked for. */
  readonly now: number;
  /** The highest ring that any node has ever used; null before the first. */
  readonly ring: RingMark | null;
  readonly nodes: readonly FleetNode[];
}

/** A page of the walk over every session of the namespace, in order of storage key. */
export interface WalkCommand {
  /** Only storage keys greater than this one; an empty buffer starts. */
  readonly after: Buffer;
  /** Rows that are looked at, of whatever namespace and state: it bounds the statement. */
  readonly limit: number;
  readonly aliveAt: number;
}

export interface WalkedRow {
  readonly storageKey: Buffer;
  readonly keyId: Buffer;
  readonly hasUser: boolean;
}

export interface WalkPage {
  /** Of the rows that were looked at, the living ones of this namespace. */
  readonly rows: readonly WalkedRow[];
  /** Where to go on; null after the last row. */
  readonly next: Buffer | null;
}

export interface MoveUserKeyCommand {
  readonly storageKey: Buffer;
  readonly from: Buffer;
  readonly to: Buffer;
}

/** Who sweeps. */
export interface SweepClaim {
  /** 16 random bytes that name one pass. */
  readonly passId: Buffer;
  /** Milliseconds for which no other pass is to begin, from the database's present time on. */
  readonly forMs: number;
}

/**
 * Which rows have ended for good: neither marked dirty nor with earlier keys, and revoked before `revokedBefore`, or not
 * revoked and with a deadline before `endedBefore`. Milliseconds since the epoch.
 */
export interface EndedBounds {
  readonly endedBefore: number;
  readonly revokedBefore: number;
}

/** A page of the sweep, in order of storage key. */
export interface FindEndedCommand extends EndedBounds {
  /** Only storage keys greater than this one; an empty buffer starts. */
  readonly after: Buffer;
  /** Rows that are looked at, of whatever namespace and state: it bounds the statement. */
  readonly limit: number;
}

export interface EndedPage {
  /** Of the rows that were looked at, those of this namespace that have ended, in order. */
  readonly storageKeys: readonly Buffer[];
  /** How many were looked at. */
  readonly scanned: number;
  /** Where to go on; null after the last row. */
  readonly next: Buffer | null;
}

export interface RemoveEndedCommand extends EndedBounds {
  readonly storageKeys: readonly Buffer[];
}

/**
 * A SQL database, or anything that can do what its methods say in one atomic statement each. It never revives a row:
 * `insert` is the only method that creates one and `revoke` is for ever.
 *
 * Up to `DURABLE_CALLS_MAX` calls come at a time. How many statements there are at a time is for the tier to bound: it may
 * let calls share one, as long as each gets its own answer. Callers whom one failure concerns may be given the same
 * `TierFailure`, which then counts once; `overloaded` says that the database was not asked.
 */
export interface DurableTier {
  /** For messages and health reports, such as `prisma (postgresql)`. */
  readonly name: string;
  /** Checks that the database answers and that table, columns and grants are as needed; `misconfigured` says which are not. */
  open(context: TierContext): Promise<void>;
  /** The cheapest question that shows that statements are answered again. Answers the database's clock, in milliseconds. */
  probe(): Promise<number>;
  insert(command: InsertCommand): Promise<InsertOutcome>;
  /**
   * The row, whatever its deadlines say; null if there is none or it is revoked. `known` is an envelope of this session
   * that the caller has: where the row's ends with the same `ENVELOPE_TAG_BYTES`, it need not travel, and `known` is answered.
   */
  read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null>;
  /** As `read`, without the envelope. */
  readState(storageKey: Buffer): Promise<RecordState | null>;
  /** True if the row was alive, not revoked, one revision before `record.revision`, and held the envelope that is replaced. */
  update(command: UpdateCommand): Promise<boolean>;
  /** As `update`, and moves the row to `record.storageKey`. */
  regenerate(command: RegenerateCommand): Promise<boolean>;
  /** The state after the touch; null if the row is not there, revoked, past its deadlines or not touched. Changes neither revision nor data. */
  touch(command: TouchCommand): Promise<RecordState | null>;
  /** Null if there is no such row or another write revoked it (or wrote it, where `writtenBy` is given). Ignores deadlines: an expired session may be destroyed. */
  revoke(command: RevokeCommand): Promise<RevokedRow | null>;
  /**
   * The rows in order of storage key, at most `limit`. Fewer means that there are no more. A session that gets a new key behind
   * the walk's `after` is missed: who must have them all walks again.
   */
  revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome>;
  /** Marks the row dirty at the database's present time, revoked or not. Does nothing where there is no row. */
  markDirty(storageKey: Buffer): Promise<void>;
  /** Marks after this position, or from this time on; in order, at most `limit`. */
  readFeed(after: FeedPosition | number, limit: number): Promise<FeedPage>;
  /**
   * Takes marks and previous keys from rows that have had neither a new mark nor a new key since `before`; at most `limit`
   * rows. How many. Times of marks are the database's, of new keys the nodes'.
   */
  clearFeed(before: number, limit: number): Promise<number>;
  /** Rows of these user keys that are not revoked, in order of storage key, greater than `after`, at most `limit`. */
  listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]>;
  /**
   * The row that had this storage key before a regenerate at or after `since`; null if there is none. A living row comes before a
   * revoked one.
   */
  findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null>;
  /** What the walk finds next. A session that gets a new key behind it is missed. */
  walk(command: WalkCommand): Promise<WalkPage>;
  /** Files the session under another user key; its revision stays. False if it is revoked or not under `from`. */
  moveUserKey(command: MoveUserKeyCommand): Promise<boolean>;
  /** Records that a ring is in use, if it is higher than every one before it. Answers the highest, which never sinks. */
  raiseRing(ring: RingMark): Promise<RingMark>;
  /** Records that the node is alive at the database's present time, and its ring. */
  heartbeat(node: NodeMark): Promise<void>;
  readFleet(): Promise<Fleet>;
  /** Takes the node of this id from the fleet, or all that were last seen before this time of the database's clock. */
  forgetNodes(which: Buffer | number): Promise<void>;
  /**
   * True if this pass is the one that may sweep the namespace, for `forMs` from now: no other has claimed that, or its time
   * is over. The same pass may claim again, to be given more time or less. False before the first `raiseRing`.
   */
  claimSweep(claim: SweepClaim): Promise<boolean>;
  /** Which of the next rows have ended; nothing is locked. */
  findEnded(command: FindEndedCommand): Promise<EndedPage>;
  /** Deletes those of these rows that have (still) ended, for good. How many. Waits for nobody: a row that is being written is left. */
  removeEnded(command: RemoveEndedCommand): Promise<number>;
  /** Lets go of what the tier itself opened. Connections that the application owns stay open. */
  close(): Promise<void>;
}

// --- The primary tier: fast, may vanish or roll back -------------------------------------------------------------

/** When, by the primary server's own clock, and in which of its lives a copy was known to be the truth. */
export interface Stamp {
  /** Names the time for which one process of a server was master without a break: nothing that was written to it then has gone back. */
  readonly incarnation: string;
  /** Milliseconds of the server's clock. */
  readonly at: number;
}

/** What this node knows about the server's clock right now: the true time lies between the two. */
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
 * What a key of the primary tier holds.
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
  /** Last 16 bytes of the envelope that is the truth at this revision. */
  readonly tag: Buffer;
  readonly stamp: Stamp;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly ttlMs: number;
}

/**
 * A cache that obeys the rules of the coherence protocol. Each method is one atomic step on one key. Mutations carry a
 * deadline in the server's time; one that would run later does nothing and fails.
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
 */
export interface PrimaryTier {
  readonly name: string;
  /**
   * Connects. Rejects with `misconfigured` where waiting would not help, with another kind where the server is only away;
   * in that case it goes on trying by itself. `onChange` is called whenever `vantage()` turns from null or to null.
   */
  open(context: TierContext, onChange: () => void): Promise<void>;
  /** Null while there is no usable connection to a server that may serve (a master, loaded and ready). */
  vantage(): Vantage | null;
  /** Says why `vantage()` is null. Null while it is not, and while nothing is known yet. */
  failure(): TierFailure | null;
  /** Proves that the server answers reads and runs scripts that write, and learns its incarnation and clock anew. */
  probe(): Promise<void>;
  /**
   * Asks the server whether it may still serve and is of the incarnation that `vantage()` names: a master may follow another and
   * become a master again behind an open connection, and has then forgotten what it was told. If not, rejects, and
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
   * Times and time to live only grow, and so do stamps within one incarnation; but one beyond the server's present gives
   * way. True if the value was stamped.
   */
  restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean>;
  /** Deletes a value of a revision lower than `belowRevision` (at most `REVISION_MAX`), and any lease. */
  evict(storageKey: Buffer, belowRevision: number): Promise<void>;
  hold(storageKey: Buffer): Promise<void>;
  tombstone(storageKey: Buffer, ttlMs: number): Promise<void>;
  close(): Promise<void>;
}
