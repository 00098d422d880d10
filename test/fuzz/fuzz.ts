import { parseArgs } from 'node:util';
import { fuzzEnvelopes } from './envelope-fuzzer.ts';
import { fuzzRings } from './ring-fuzzer.ts';
import type { FuzzOptions, Tally } from './tally.ts';

/*
 * npm run fuzz -- [--envelopes 1000000] [--rings 20000] [--seed 1]
 * Mutated envelopes and sealed key rings: none may open, none may fail but with its own error. Exits with 1 at the first that does.
 */
const { values } = parseArgs({
  options: {
    envelopes: { type: 'string', default: '100000' },
    rings: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const seed = Number(values.seed);
const write = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(what: string, count: number, fuzz: (options: FuzzOptions) => Promise<Tally>): Promise<void> {
  if (count === 0) return;
  const startedAt = performance.now();
  const rate = (done: number): string => `${Math.round((done * 1000) / (performance.now() - startedAt))}/s`;
  const step = Math.max(10_000, Math.ceil(count / 10));
  const onProgress = (done: number): void => {
    if (done % step === 0 && done < count) write(`  ${done} of ${count}, ${rate(done)}`);
  };
  const tally = await fuzz({ count, seed, onProgress });
  write(`${tally.total} mutated ${what}, none opened, ${rate(tally.total)}, seed ${seed}`);
  for (const line of tally.lines()) write(line);
}

await run('envelopes', Number(values.envelopes), fuzzEnvelopes);
await run('key rings', Number(values.rings), fuzzRings);
