import { chooseFaults } from './faults.ts';
import type { Verdict } from './mutant-verdicts.ts';
import { type Mutant, mutate } from './mutants.ts';
import { mutations } from './mutations.ts';
import { useSmallLimits } from './source.ts';

/*
 * Plays the scenario of each mutation, or searches from its seed on, and writes a line of JSON about each. One process plays all:
 * to start one for each would take longer than to play it.
 */

/** Any change of the protocol or of the simulator moves what a seed means, so the search goes on from where it was found. */
const SEEDS_MAX = 2_000;

useSmallLimits();
// Each copy of the simulator listens for promises that fail without a handler.
process.setMaxListeners(mutations.length + 1);
const correct = await import('./simulation.ts');

for (const { name } of mutations) {
  const seen = await mutate(name)
    .then(play)
    .catch((error: unknown) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify({ name, ...seen } satisfies Verdict)}\n`);
}

async function play({ mutation, simulate, scenarios }: Mutant): Promise<Omit<Verdict, 'name'>> {
  if ('scenario' in mutation) return { found: (await scenarios[mutation.scenario]()) ?? undefined };
  if (!('seed' in mutation)) return {};
  const faults = chooseFaults(mutation.faults);
  for (let seed = mutation.seed; seed < mutation.seed + SEEDS_MAX; seed += 1) {
    const [violation] = (await simulate({ seed, faults })).violations;
    if (violation === undefined) continue;
    const [other] = (await correct.simulate({ seed, faults })).violations;
    return { found: violation.rule, withoutMistake: other?.rule ?? 'every promise held' };
  }
  return {};
}
