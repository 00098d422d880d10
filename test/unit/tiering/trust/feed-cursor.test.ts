import { beforeEach, describe, expect, it } from 'vitest';
import { DIRTY_WINDOW_MARGIN_MS, FEED_OVERLAP_MS } from '../../../../src/limits/feed.ts';
import { FeedCursor } from '../../../../src/tiering/trust/feed-cursor.ts';

const REVALIDATE_AFTER_MS = 60_000;
const MARK_LIFE_MS = FEED_OVERLAP_MS + REVALIDATE_AFTER_MS + DIRTY_WINDOW_MARGIN_MS;
const NOON = 1_000_000_000;

let cursor: FeedCursor;
beforeEach(() => {
  cursor = new FeedCursor(REVALIDATE_AFTER_MS);
});

/** The database's clock is `aheadMs` ahead of the monotonic one, and is read at `monotonic`. */
function observe(monotonic: number, aheadMs = NOON): number {
  return cursor.observe(monotonic + aheadMs, monotonic, monotonic);
}

function markOf(dirtyAt: number, revision = 2) {
  const storageKey = Buffer.alloc(32, 1);
  return { storageKey, dirtyAt, revision, isRevoked: false, absoluteExpiresAt: NOON, previousKeys: [] };
}

describe('the cursor of the dirty feed', () => {
  it('begins with every mark there is', () => {
    expect(cursor.position).toBe(0);
  });

  it('reads on an overlap behind the clock', () => {
    expect(observe(0)).toBe(NOON - FEED_OVERLAP_MS);
  });

  it('never advances to an earlier position', () => {
    cursor.advanceTo(NOON);
    cursor.advanceTo(NOON - 1);
    expect(cursor.position).toBe(NOON);
  });

  it('goes back with a clock that is set back, and says so', () => {
    cursor.advanceTo(observe(0));
    const earliest = observe(1_000, NOON - 3_600_000);
    expect(cursor.followBackTo(earliest)).toBe(true);
    expect(cursor.position).toBe(earliest);
    expect(cursor.followBackTo(earliest)).toBe(false);
  });

  it('knows which marks it has applied, by revision and date, until it is past them', () => {
    cursor.noteApplied(markOf(NOON));
    expect(cursor.hasApplied(markOf(NOON))).toBe(true);
    expect(cursor.hasApplied(markOf(NOON, 3))).toBe(false);
    expect(cursor.hasApplied(markOf(NOON + 1))).toBe(false);
    cursor.advanceTo(NOON + 1);
    expect(cursor.hasApplied(markOf(NOON))).toBe(false);
  });

  it('clears nothing before it has watched the clock for as long as marks live', () => {
    for (let at = 0; at < MARK_LIFE_MS; at += 1_000) {
      observe(at);
      expect(cursor.clearableBefore(NOON + at, at)).toBeNull();
    }
    observe(MARK_LIFE_MS);
    expect(cursor.clearableBefore(NOON + MARK_LIFE_MS, MARK_LIFE_MS)).toBeLessThanOrEqual(NOON);
  });

  it('clears by the earlier of the two clocks', () => {
    for (let at = 0; at <= MARK_LIFE_MS; at += 1_000) observe(at);
    const hourBehind = NOON + MARK_LIFE_MS - 3_600_000;
    expect(cursor.clearableBefore(hourBehind, MARK_LIFE_MS)).toBe(hourBehind - MARK_LIFE_MS);
    const hourAhead = NOON + MARK_LIFE_MS + 3_600_000;
    expect(cursor.clearableBefore(hourAhead, MARK_LIFE_MS)).toBeLessThanOrEqual(NOON);
  });
});
