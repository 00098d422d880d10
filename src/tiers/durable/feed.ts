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
  /** Names the servers of the primary tier that count; null before the first `Fleet.nameMasters`. */
  readonly masters: string | null;
  /** The report that every node made that was seen within `REPORTS_AGREE_MS`; null if their reports differ, or there is no such node. */
  readonly report: string | null;
}

/** The dirty feed: every node reads from it which copies in the primary tier may be stale. */
export interface Feed {
  /** Marks the row dirty at the database's present time, revoked or not. Does nothing where there is no row. */
  markDirty(storageKey: Buffer): Promise<void>;
  /** Reads the marks after this position, or from this time on; in order, at most `limit`. */
  read(after: FeedPosition | number, limit: number): Promise<FeedPage>;
  /**
   * Takes marks and previous keys from rows that have had neither a new mark nor a new key since `before`; at most `limit`
   * rows. Returns how many. Times of marks are the database's, times of new keys the nodes'.
   */
  clear(before: number, limit: number): Promise<number>;
}
