import { DIRTY_WINDOW_MARGIN_MS, FEED_OVERLAP_MS } from '../../limits/feed.ts';
import type { DirtyRow } from '../../tiers/durable.ts';
import { ClockHistory } from './clock-history.ts';

/**
 * Knows where this node reads on in the dirty feed: at a time of the database's clock. That clock may be set forward or back at any
 * moment, so the position is the least that it may have shown within the overlap, and goes back with it.
 */
export class FeedCursor {
  /** A mark that is older than this by the database's clock is of no use to any node. */
  readonly #markLifeMs: number;
  readonly #clock: ClockHistory;
  /** Marks from this database time on are still to be read. 0: a new process starts with the whole window. */
  #position = 0;
  /** The marks within the overlap that are applied already: each poll reads them again. */
  readonly #applied = new Map<string, number>();

  constructor(revalidateAfterMs: number) {
    this.#markLifeMs = FEED_OVERLAP_MS + revalidateAfterMs + DIRTY_WINDOW_MARGIN_MS;
    this.#clock = new ClockHistory(this.#markLifeMs);
  }

  get position(): number {
    return this.#position;
  }

  /**
   * Notes that the database's clock showed `now` between two moments of the monotonic clock. Returns the earliest date that a
   * mark which is committed from then on may have.
   */
  observe(now: number, sentAt: number, receivedAt: number): number {
    this.#clock.observe(now, sentAt, receivedAt);
    return this.#clock.leastWithin(FEED_OVERLAP_MS, sentAt);
  }

  /** Moves forward, once everything that was read is applied. */
  advanceTo(position: number): void {
    this.#position = Math.max(this.#position, position);
    for (const [key, dirtyAt] of this.#applied) if (dirtyAt < this.#position) this.#applied.delete(key);
  }

  /** Moves back to `position` if that is earlier. Returns true then: the clock was set back, and marks dated since may have been missed. */
  followBackTo(position: number): boolean {
    if (position >= this.#position) return false;
    this.#position = position;
    return true;
  }

  hasApplied(row: DirtyRow): boolean {
    return this.#applied.get(nameOf(row)) === row.dirtyAt;
  }

  noteApplied(row: DirtyRow): void {
    this.#applied.set(nameOf(row), row.dirtyAt);
  }

  /**
   * Returns the time before which marks may be cleared: they are so old that no node still believes a copy from before them. It is the
   * earlier time of two clocks, the database's, which dates the marks, and this node's, since nodes date the previous keys that are
   * cleared with a mark. Null until the database's clock was watched for as long as a mark lives: had it been set forward just before,
   * every mark would look old.
   */
  clearableBefore(wall: number, monotonic: number): number | null {
    if (!this.#clock.covers(this.#markLifeMs, monotonic)) return null;
    return Math.min(this.#clock.leastWithin(this.#markLifeMs, monotonic), wall - this.#markLifeMs);
  }
}

function nameOf(row: DirtyRow): string {
  return `${row.storageKey.toString('latin1')}${row.revision}`;
}
