import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Random } from '../simulation/random.ts';
import { RETURN_BOUND_MS, STATEMENTS_MAX } from './bounds.ts';
import { checkAll } from './checks.ts';
import { drawRounds, FAULTS, type FaultName } from './faults.ts';
import { Fleet } from './fleet.ts';
import { explain, figures, type Run } from './report.ts';
import { returnsOf } from './returns.ts';
import { runRounds } from './schedule.ts';
import { StatementWatch } from './statement-watch.ts';

/** The seed decides the faults and what each caller asks for; real servers and real time decide the rest. */
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 80);
/** Such as `redis-frozen,database-reset`, to look at these alone. */
const only = process.env['CHAOS_FAULTS']?.split(',').filter((name): name is FaultName => name in FAULTS);

const SETTLING_MS = 120_000;

async function run(): Promise<Run> {
  await using fleet = await Fleet.start(seed);
  const watch = new StatementWatch(fleet.postgres);
  await fleet.all('work');
  const disturbances = await runRounds(fleet, drawRounds(new Random(seed), only), seconds);
  await fleet.all('rest');
  // It remembers nothing: what only the memory of the others kept from being served, it would serve.
  await fleet.addNode(seed);
  await fleet.all('look');
  const reports = await fleet.reports();
  await watch.stop();
  const history = reports
    .flatMap(({ operations }) => operations)
    .sort((a, b) => a.invokedAt - b.invokedAt)
    .map((operation, index) => ({ ...operation, index }));
  const events = reports.flatMap((report) => report.events);
  const verdict = checkAll(history, disturbances);
  const returns = returnsOf(history, disturbances);
  return { seed, history, disturbances, events, returns, verdict, statements: watch.most };
}

it(
  `three processes keep the promises while servers and wires break (CHAOS_SEED=${seed})`,
  { timeout: seconds * 1_000 + SETTLING_MS },
  async () => {
    const result = await run();
    process.stdout.write(`${figures(result)}\n`);
    const late = result.returns.filter(({ ms }) => ms === null || ms > RETURN_BOUND_MS);
    if (result.verdict.violations.length > 0 || late.length > 0) keep(result);
    expect(result.verdict.violations.length, explain(result)).toBe(0);
    expect(late, 'Redis was back, but not used').toEqual([]);
    expect(Math.max(...result.statements.values()), 'statements of one node at once').toBeLessThanOrEqual(
      STATEMENTS_MAX,
    );
    // A run in which nothing happened proves nothing.
    expect(result.history.length).toBeGreaterThan(seconds * 20);
    expect(result.disturbances.length).toBeGreaterThan(0);
  },
);

/** The whole of it, since the same seed may not lead there again. */
function keep(result: Run): void {
  mkdirSync('.cache', { recursive: true });
  const file = `.cache/chaos-${seed}.json`;
  writeFileSync(file, JSON.stringify({ ...result, statements: [...result.statements] }));
  process.stdout.write(`  everything that was seen is in ${file}\n`);
}
