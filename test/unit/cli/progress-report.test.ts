import { describe, expect, it } from 'vitest';
import { drawProgress, spellEta } from '../../../src/cli/commands/progress-report.ts';
import type { WalkProgress } from '../../../src/index.ts';

const progress = (scanned: number, total: number): WalkProgress => ({
  scanned,
  total,
  changed: 0,
  upToDate: 0,
  ended: 0,
  destroyed: 0,
  failed: 0,
  conflicts: 0,
  perSecond: 1_200,
  etaMs: 65_400,
  ring: 1,
  cursor: '',
});

describe('the progress of a walk', () => {
  it('is a bar with counts, rate and remaining time', () => {
    expect(drawProgress(progress(250_000, 1_000_000), 120)).toBe(
      `[${'#'.repeat(8)}${'.'.repeat(22)}]  25%  250000 of about 1000000  1200/s  1 min 6 s left`,
    );
  });

  it('never exceeds the columns of the terminal', () => {
    for (let columns = 1; columns < 130; columns += 1) {
      for (const shown of [progress(0, 0), progress(1, 3), progress(1_000_000, 1_000_000)]) {
        expect(drawProgress(shown, columns).length).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('reports zero before the first batch', () => {
    expect(drawProgress(progress(0, 0), 100)).toContain(']  0%  0 of about 0');
  });

  it('spells times as people do', () => {
    expect([0, 900, 59_001, 61_000, 3_600_000, 90 * 60_000].map(spellEta)).toEqual([
      '0 s',
      '1 s',
      '1 min 0 s',
      '1 min 1 s',
      '1 h 0 min',
      '1 h 30 min',
    ]);
  });
});
