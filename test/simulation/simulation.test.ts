import { readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { chooseFaults, EVERY_PROMISED } from './faults.ts';
import { report } from './report.ts';
import { scenarios, SCENARIO_NAMES } from './scenarios/scenarios.ts';
import { simulate } from './simulation.ts';

// What `npm run simulate` does with its loader, so that a seed is the same run in both.
vi.mock('../../src/limits/durable-tier.ts', async (original) => {
  const { withSmallLimits } = await import('./small-limits.ts');
  return withSmallLimits('durable-tier', original<object>);
});
vi.mock('../../src/limits/feed.ts', async (original) => {
  const { withSmallLimits } = await import('./small-limits.ts');
  return withSmallLimits('feed', original<object>);
});
vi.mock('../../src/limits/upkeep.ts', async (original) => {
  const { withSmallLimits } = await import('./small-limits.ts');
  return withSmallLimits('upkeep', original<object>);
});

interface KeptSeed {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly found: string;
}

const kept = JSON.parse(await readFile(new URL('seeds.json', import.meta.url), 'utf8')) as KeptSeed[];
/** Some hundred seeds; `npm run soak` and `npm run simulate` look further. */
const BUDGET_MS = 5_000;
const RESTORED_SEEDS = 15;
/** Another seed each day, so that CI goes on looking; printed by the assertion's message. */
const FIRST_SEED = 10_000 * Math.floor(Date.now() / 86_400_000);

async function verdict(seed: number, kinds: readonly string[]): Promise<string> {
  const faults = chooseFaults(kinds);
  const { violations } = await simulate({ seed, faults });
  if (violations.length === 0) return 'every promise held';
  return report(await simulate({ seed, faults, isTraced: true }), true);
}

describe('whole clients on simulated time', () => {
  it.each(kept)('keep their promises with seed $seed: $found', async ({ seed, faults }) => {
    expect(await verdict(seed, faults)).toBe('every promise held');
  });

  it.each(SCENARIO_NAMES)('keep their promise in a scenario: %s', async (name) => {
    expect(await scenarios[name]()).toBeNull();
  });

  it('keep their promises while servers, connections, processes and clocks fail', async () => {
    const startedAt = performance.now();
    for (let seed = FIRST_SEED; performance.now() - startedAt < BUDGET_MS; seed += 1) {
      expect(await verdict(seed, EVERY_PROMISED)).toBe('every promise held');
    }
  });

  it('agree with a database that was restored to an earlier state, once `revalidateAfter` has passed', async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RESTORED_SEEDS; seed += 1) {
      expect(await verdict(seed, ['restored-database', 'restored-fork', 'redis-cut'])).toBe('every promise held');
    }
  });

  it('do the same thing again for the same seed, to the byte', async () => {
    const options = { seed: 7, faults: chooseFaults(EVERY_PROMISED), isTraced: true };
    const [first, second] = [await simulate(options), await simulate(options)];
    expect(first.trace.length).toBeGreaterThan(100);
    expect(second.trace).toEqual(first.trace);
    expect(second.history).toEqual(first.history);
  });
});
