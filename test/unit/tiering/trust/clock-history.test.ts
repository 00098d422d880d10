import { beforeEach, describe, expect, it } from 'vitest';
import { ClockHistory } from '../../../../src/tiering/trust/clock-history.ts';

const NOON = 1_000_000;
const KEPT_MS = 60_000;
const WINDOW_MS = 10_000;

let history: ClockHistory;
beforeEach(() => {
  history = new ClockHistory(KEPT_MS);
});

/** A reading each second, from `from` to `to` on the monotonic clock, of a clock that is `aheadMs` ahead of it. */
function watch(from: number, to: number, aheadMs: number): void {
  for (let at = from; at <= to; at += 1_000) history.observe(at + aheadMs, at, at + 5);
}

describe('what a clock may have shown', () => {
  it('is what it shows now less the time, where it goes on steadily', () => {
    watch(0, 30_000, NOON);
    const least = history.leastWithin(WINDOW_MS, 30_000);
    expect(least).toBeLessThanOrEqual(NOON + 20_000);
    expect(least).toBeGreaterThan(NOON + 18_000);
  });

  it('was steady before it was watched', () => {
    history.observe(NOON, 0, 5);
    expect(history.leastWithin(WINDOW_MS, 0)).toBe(NOON - WINDOW_MS);
    watch(1_000, 4_000, NOON);
    expect(history.leastWithin(WINDOW_MS, 4_000)).toBe(NOON + 4_000 - WINDOW_MS);
  });

  it('goes back with it at once, as far as it may have gone since the reading before', () => {
    watch(0, 30_000, NOON);
    history.observe(NOON - 3_600_000, 31_000, 31_005);
    expect(history.leastWithin(WINDOW_MS, 31_000)).toBe(NOON - 3_600_000 - 1_005);
  });

  it('does not go back for a step that the window covers, however short it was watched', () => {
    watch(0, 3_000, NOON);
    const before = history.leastWithin(WINDOW_MS, 3_000);
    watch(4_000, 5_000, NOON - 4_000);
    expect(history.leastWithin(WINDOW_MS, 5_000)).toBeGreaterThanOrEqual(before);
  });

  it('goes forward with it after the window', () => {
    watch(0, 20_000, NOON);
    watch(21_000, 29_000, NOON + 3_600_000);
    expect(history.leastWithin(WINDOW_MS, 29_000)).toBeLessThan(NOON + 21_000);
    watch(30_000, 32_000, NOON + 3_600_000);
    expect(history.leastWithin(WINDOW_MS, 32_000)).toBeGreaterThan(NOON + 3_600_000);
  });

  it('is anything, where it was not read within the window', () => {
    watch(0, 30_000, NOON);
    expect(history.leastWithin(WINDOW_MS, 50_000)).toBe(Number.NEGATIVE_INFINITY);
    history.observe(NOON + 50_000, 50_000, 50_005);
    expect(history.leastWithin(WINDOW_MS, 50_000)).toBe(NOON + 50_000 - 20_005);
  });

  it('is known for a time only after it was watched for as long', () => {
    expect(history.covers(WINDOW_MS, 0)).toBe(false);
    watch(0, 9_000, NOON);
    expect(history.covers(WINDOW_MS, 9_000)).toBe(false);
    watch(10_000, 10_000, NOON);
    expect(history.covers(WINDOW_MS, 10_000)).toBe(true);
  });
});
