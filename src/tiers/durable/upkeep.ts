/** A page of the walk over every session of the namespace, in order of storage key. */
export interface WalkCommand {
  /** The storage key to go on after; an empty buffer starts. */
  readonly after: Buffer;
  /** The number of rows that are looked at, of whatever namespace and state: it bounds the statement. */
  readonly limit: number;
  readonly aliveAt: number;
}

export interface WalkedRow {
  readonly storageKey: Buffer;
  readonly keyId: Buffer;
  readonly hasUser: boolean;
}

export interface WalkPage {
  /** The living rows of this namespace among those that were looked at. */
  readonly rows: readonly WalkedRow[];
  /** The storage key to go on after; null after the last row. */
  readonly next: Buffer | null;
}

export interface MoveUserKeyCommand {
  readonly storageKey: Buffer;
  readonly from: Buffer;
  readonly to: Buffer;
}

/** A pass of the sweep asks for the right to sweep. */
export interface SweepClaim {
  /** 16 random bytes that name one pass. */
  readonly passId: Buffer;
  /** Milliseconds for which no other pass is to begin, from the database's present time on. */
  readonly forMs: number;
}

/**
 * Defines which rows have ended for good: neither marked dirty nor with earlier keys, and revoked before `revokedBefore`, or not
 * revoked and with a deadline before `endedBefore`. Milliseconds since the epoch.
 */
export interface EndedBounds {
  readonly endedBefore: number;
  readonly revokedBefore: number;
}

/** A page of the sweep, in order of storage key. */
export interface FindEndedCommand extends EndedBounds {
  /** The storage key to go on after; an empty buffer starts. */
  readonly after: Buffer;
  /** The number of rows that are looked at, of whatever namespace and state: it bounds the statement. */
  readonly limit: number;
}

export interface EndedPage {
  /** The rows of this namespace that have ended, among those that were looked at, in order. */
  readonly storageKeys: readonly Buffer[];
  /** The number of rows that were looked at. */
  readonly scanned: number;
  /** The storage key to go on after; null after the last row. */
  readonly next: Buffer | null;
}

export interface RemoveEndedCommand extends EndedBounds {
  readonly storageKeys: readonly Buffer[];
}

/** Walks over all sessions: census and re-encryption, and the sweep that deletes ended rows. */
export interface Upkeep {
  /** Returns the next page of the walk. A session that gets a new key behind it is missed. */
  walk(command: WalkCommand): Promise<WalkPage>;
  /** Files the session under another user key; its revision stays. False if it is revoked or not under `from`. */
  moveUserKey(command: MoveUserKeyCommand): Promise<boolean>;
  /**
   * True if this pass is the one that may sweep the namespace, for `forMs` from now: no other has claimed that, or its time
   * is over. The same pass may claim again, to be given more time or less. False before the first `fleet.raiseRing`.
   */
  claimSweep(claim: SweepClaim): Promise<boolean>;
  /** Finds which of the next rows have ended; locks nothing. */
  findEnded(command: FindEndedCommand): Promise<EndedPage>;
  /** Deletes those of these rows that have (still) ended, for good. Returns how many. Waits for no lock: skips a row that is being written. */
  removeEnded(command: RemoveEndedCommand): Promise<number>;
}
