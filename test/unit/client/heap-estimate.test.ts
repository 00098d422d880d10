import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../support/heap-of-memo.ts', import.meta.url));

interface Measured {
  readonly shape: string;
  readonly counted: number;
  readonly used: number;
}

/** Garbage is collected and memory is looked at in a process of its own, where nothing else comes and goes. */
it('the memo counts what remembered sessions take of the heap: not less, and at most three times as much', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program], { timeout: 60_000 });
  const measured = JSON.parse(stdout) as Measured[];
  expect(measured.length).toBeGreaterThan(10);
  for (const { shape, counted, used } of measured) {
    expect.soft(counted / used, `counted / used for ${shape}`).toBeGreaterThan(0.9);
    expect.soft(counted / used, `counted / used for ${shape}`).toBeLessThan(3);
  }
}, 60_000);
