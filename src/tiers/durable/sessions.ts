import type { RecordState, SealedRecord } from '../../session/sealed-record.ts';

/** The part of every write that makes it repeatable and bounds it in time. */
export interface WriteCommand {
  /**
   * 16 random bytes that name this write, so that it can be repeated when its answer was lost: the identical command changes
   * nothing while the row still carries its write id, and returns what the first run returned.
   */
  readonly writeId: Buffer;
  /**
   * Milliseconds of the database's clock, compared once the locks are held: a write that runs later changes nothing. Null
   * where the database's clock is not known yet.
   */
  readonly validUntil: number | null;
}

export interface InsertCommand extends WriteCommand {
  readonly record: SealedRecord;
  /** The present holder of the storage key counts as living if neither of its deadlines lies before this time. */
  readonly aliveAt: number;
}

/**
 * The outcome of an insert. Only `inserted` changed anything.
 * - `inserted`: the row is there, by this call or by an earlier run of the same command;
 * - `taken`: a living session has the storage key;
 * - `ended`: a session that was revoked, or is past a deadline, has it: a storage key has one life, for as long as its row is kept;
 * - `late`: the deadline of the command had passed, and nobody has the storage key.
 */
export type InsertOutcome = 'ended' | 'inserted' | 'late' | 'taken';

/**
 * The conditions that every write of a living session carries; a write that does not meet them changes nothing. The row gets
 * the times of the record: an absolute deadline, earlier or later than before, the time of creation, and the idle lifetime.
 * `lastSeenAt` only grows; the idle deadline is the later `lastSeenAt` plus the idle lifetime, and never past the absolute one.
 */
export interface UpdateCommand extends WriteCommand {
  /** The state after the write; `record.revision` is one more than what it replaces. */
  readonly record: SealedRecord;
  /**
   * The tag of the envelope that the row has to hold, or null for any: the database may have lost the envelope that the caller
   * read, and given its revision to another write.
   */
  readonly replaces: Buffer | null;
  /** Marks the row dirty in the same statement, because a copy of what it replaces may remain in the primary tier. */
  readonly dirty: boolean;
  /** Rows whose idle or absolute deadline lies before this time are gone. */
  readonly aliveAt: number;
}

/** Gives a living session a new storage key. The row remembers the old one, and the seven before it. */
export interface RegenerateCommand extends UpdateCommand {
  readonly previousStorageKey: Buffer;
  readonly regeneratedAt: number;
}

export interface TouchCommand {
  readonly storageKey: Buffer;
  /**
   * The idle deadline becomes this plus the idle lifetime of the row, which the caller may not know: another node may have
   * changed it. Times only ever grow: a smaller value leaves the stored ones.
   */
  readonly lastSeenAt: number;
  readonly aliveAt: number;
  /**
   * The longest time between two of the activities that this touch stands for; 0 for a single one. A row whose idle lifetime
   * is shorter (it was shortened meanwhile) is not touched: by its own rule the session may have ended in between.
   */
  readonly longestPauseMs: number;
}

export interface RevokeCommand extends WriteCommand {
  readonly storageKey: Buffer;
  readonly revokedAt: number;
  readonly dirty: boolean;
  /** Revokes only a row that still carries this write id: the row that an INSERT whose answer was lost may have left. */
  readonly writtenBy?: Buffer;
}

/** Revokes many sessions, and always marks their rows dirty: it is rare, and the marks keep it safe whatever happens to the caller. */
export interface RevokeManyCommand extends WriteCommand {
  /** The sessions of these user keys, or every session of the namespace. */
  readonly of: readonly Buffer[] | 'everyone';
  readonly except: Buffer | null;
  /** The storage key to go on after; an empty buffer starts. */
  readonly after: Buffer;
  readonly limit: number;
  readonly revokedAt: number;
}

/** A row that this call revoked: its envelope is erased, its revision one higher. */
export interface RevokedRow {
  readonly storageKey: Buffer;
  readonly idleExpiresAt: number;
  readonly absoluteExpiresAt: number;
  /** True if the row still remembers earlier storage keys; `feed.clear` takes them from it. */
  readonly hasMoved: boolean;
}

/** The rows that were revoked; or `late`, where there are rows to revoke but the deadline had passed: nothing was changed. */
export type RevokeManyOutcome = 'late' | readonly RevokedRow[];

/** A row that was under another storage key before; it has this one now. */
export interface MovedRow {
  readonly storageKey: Buffer;
  readonly isRevoked: boolean;
}

/** The rows of sessions: what a request reads and writes. */
export interface Sessions {
  insert(command: InsertCommand): Promise<InsertOutcome>;
  /**
   * Returns the row, whatever its deadlines say; null if there is none or it is revoked. `known` is an envelope of this session
   * that the caller has: where the row's ends with the same `ENVELOPE_TAG_BYTES`, it need not travel, and `known` is returned.
   */
  read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null>;
  /** Reads the row like `read`, without the envelope. */
  readState(storageKey: Buffer): Promise<RecordState | null>;
  /** True if the row was alive, not revoked, one revision before `record.revision`, and held the envelope that is replaced. */
  update(command: UpdateCommand): Promise<boolean>;
  /** Updates the row like `update`, and moves it to `record.storageKey`. */
  regenerate(command: RegenerateCommand): Promise<boolean>;
  /**
   * Returns the state after the touch; null if the row is not there, revoked, past its deadlines or not touched. Changes neither
   * revision nor data.
   */
  touch(command: TouchCommand): Promise<RecordState | null>;
  /**
   * Returns null if there is no such row or another write revoked it (or wrote it, where `writtenBy` is given). Ignores deadlines:
   * an expired session may be destroyed.
   */
  revoke(command: RevokeCommand): Promise<RevokedRow | null>;
  /**
   * Returns the rows in order of storage key, at most `limit`. Fewer means that there are no more. A session that gets a new key
   * behind the walk's `after` is missed: a caller that must have them all walks again.
   */
  revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome>;
  /** Lists the rows of these user keys that are not revoked, in order of storage key, greater than `after`, at most `limit`. */
  listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]>;
  /**
   * Finds the row that had this storage key before a regenerate at or after `since`; null if there is none. A living row comes
   * before a revoked one.
   */
  findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null>;
}
