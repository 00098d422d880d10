import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { mutations } from './mutations.ts';
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

const SIMULATE = fileURLToPath(new URL('simulate.ts', import.meta.url));
/** Any change of the protocol or of the simulator moves what a seed means, so the search goes on from where it was found. */
const SEEDS_MAX = 2_000;

function simulated(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SIMULATE, ...args], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

const bySeed = mutations.filter((mutation) => 'seed' in mutation);
const byScenario = mutations.filter((mutation) => 'scenario' in mutation);

describe('a mistake', () => {
  it.each(mutations)('has its place in the code: $name', async ({ edits }) => {
    for (const { file, find } of edits) {
      expect(await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')).toContain(find);
    }
  });
});

/*
 * Without its mistake the same run keeps every promise, or finding it would prove nothing. What scenarios find without one is
 * looked at in simulation.test.ts.
 */
describe('a protocol with a mistake', () => {
  it.each(bySeed)('is caught by chance: $name', async ({ name, seed, faults }) => {
    const search = ['--from', String(seed), '--seeds', String(SEEDS_MAX), '--until-found'];
    const answer = await simulated('--faults', faults.join(','), ...search, '--mutation', name);
    const [, violating] = /^found .+ with seed (\d+)/m.exec(answer) ?? [];
    expect(violating, answer).toBeDefined();
    expect((await simulate({ seed: Number(violating), faults })).violations).toEqual([]);
  });

  it.each(byScenario)('is caught by intent: $name', async ({ name, scenario }) => {
    expect(await simulated('--scenario', scenario, '--mutation', name)).toMatch(/^found: /);
  });
});
