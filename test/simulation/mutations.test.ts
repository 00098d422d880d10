import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from './mutant-verdicts.ts';
import { mutations } from './mutations.ts';

const PLAY_MUTANTS = fileURLToPath(new URL('play-mutants.ts', import.meta.url));
/** Fifteen seconds of work, on a machine that others use too. */
const TIMEOUT_MS = 600_000;

const bySeed = mutations.filter((mutation) => 'seed' in mutation);
const byScenario = mutations.filter((mutation) => 'scenario' in mutation);
const verdicts = new Map<string, Verdict>();

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PLAY_MUTANTS]);
  for (const line of stdout.trimEnd().split('\n')) {
    const verdict = JSON.parse(line) as Verdict;
    verdicts.set(verdict.name, verdict);
  }
}, TIMEOUT_MS);

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
  it.each(bySeed)('is caught by chance: $name', ({ name }) => {
    expect(verdicts.get(name)).toMatchObject({ found: expect.any(String), withoutMistake: 'every promise held' });
  });

  it.each(byScenario)('is caught by intent: $name', ({ name }) => {
    expect(verdicts.get(name)).toMatchObject({ found: expect.any(String) });
  });
});
