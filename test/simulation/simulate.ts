import { parseArgs } from 'node:util';
import { chooseFaults, EVERY_PROMISED } from './faults.ts';
import { mutate } from './mutants.ts';
import { useSmallLimits, useSource } from './source.ts';

/*
 * node test/simulation/simulate.ts --seeds 1000 [--seconds 60] [--from 1] [--faults redis-cut,node-crash] [--verbose]
 *   [--mutation name] [--until-found] [--scenario name] [--no-feed] [--source other/checkout/src]
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seconds: { type: 'string', default: 'Infinity' },
    from: { type: 'string', default: '1' },
    faults: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    mutation: { type: 'string' },
    source: { type: 'string' },
    scenario: { type: 'string' },
    'until-found': { type: 'boolean', default: false },
    'no-feed': { type: 'boolean', default: false },
  },
});

const write = (line: string): void => void process.stdout.write(`${line}\n`);

useSmallLimits();
if (values.source !== undefined) useSource(values.source);
const mutant = values.mutation === undefined ? undefined : await mutate(values.mutation);

// After the hooks are in place, so that they apply to it.
const { simulate } = mutant ?? (await import('./simulation.ts'));
const { report } = await import('./report.ts');

if (values.scenario !== undefined) {
  const { scenarios } = mutant ?? (await import('./scenarios/scenarios.ts'));
  const scenario = (scenarios as Readonly<Record<string, () => Promise<string | null>>>)[values.scenario];
  if (values.scenario === 'all') {
    for (const [name, play] of Object.entries(scenarios)) {
      const broken = await play().catch((error: unknown) => String(error));
      if (broken !== null) write(`${name}: ${broken}`);
    }
    process.exit(0);
  }
  if (scenario === undefined) throw new Error(`There are the scenarios ${Object.keys(scenarios).join(', ')}.`);
  const broken = await scenario();
  write(broken === null ? 'every promise held' : `found: ${broken}`);
  process.exit(broken === null ? 0 : 1);
}

const named = values.faults?.split(',').filter(Boolean) ?? mutant?.mutation.faults;
const faults = chooseFaults(named ?? EVERY_PROMISED);
const hasFeed = !values['no-feed'];
const from = Number(values.from);
const count = Number(values.seeds);
const startedAt = performance.now();
const until = startedAt + Number(values.seconds) * 1_000;
const failing: number[] = [];
let undecided = 0;
let operations = 0;
let done = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const result = await simulate({ seed, faults, hasFeed });
  done += 1;
  undecided += result.undecided;
  operations += result.history.length;
  if (result.violations.length > 0) {
    failing.push(seed);
    if (values['until-found']) {
      write(`found ${result.violations[0]?.rule} with seed ${seed} after ${done} seeds`);
      break;
    }
    const traced = await simulate({ seed, faults, hasFeed, isTraced: true });
    write(report(traced, values.verbose));
  }
  if (performance.now() > until) break;
  if (done % 500 === 0) write(`${done} seeds, ${failing.length} failing, ${rate()}`);
}

write(
  `${done} seeds, ${operations} operations, ${rate()}; ${failing.length} failing${failing.length ? `: ${failing.slice(0, 50).join(' ')}` : ''}`,
);
if (undecided > 0) write(`${undecided} sessions could not be ordered within the budget`);
process.exitCode = failing.length > 0 ? 1 : 0;

function rate(): string {
  const wall = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage();
  return `${(done / wall).toFixed(0)} a second, ${(done / ((user + system) / 1e6)).toFixed(0)} a CPU second`;
}
