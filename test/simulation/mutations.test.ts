import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mutations } from './mutations.ts';

const SIMULATE = fileURLToPath(new URL('simulate.ts', import.meta.url));
/** Any change of the protocol or of the simulator moves what a seed means, so the search goes on from where it was found. */
const SEEDS_MAX = 2_000;

function simulated(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SIMULATE, ...args], (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

const found = mutations.filter((mutation) => 'seed' in mutation);

describe('a protocol with a mistake', () => {
  it.each(found)('is caught: $name', async ({ name, seed, faults }) => {
    const named = ['--faults', faults.join(',')];
    const search = ['--from', String(seed), '--seeds', String(SEEDS_MAX), '--until-found'];
    const answer = await simulated(...named, ...search, '--mutation', name);
    const [, telling] = /^found .+ with seed (\d+)/m.exec(answer) ?? [];
    expect(telling, answer).toBeDefined();
    // Without the mistake the same seed keeps every promise, or it would prove nothing.
    expect(await simulated(...named, '--from', String(telling), '--seeds', '1')).toContain('0 failing');
  });
});
