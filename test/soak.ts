import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * The long runs: fresh seeds of the simulator, then all legs of chaos on real servers, for half of the time each; then clients beside the
 * nodes of Galera, in ten minutes and more all tests of such clusters; then the tests
 * that wait for fail-overs of real servers, a resharding under load, and the other loads of LOADS in vitest.config.ts; then the races of
 * the HTTP contract with every entry point, which take a tenth of that time; then the whole contract with Next, built and served; then
 * the demo's page in a browser; then outages that a real Prometheus watches; then a database that is offered ten times what it carries;
 * then outages of both servers, after which a process has to be ready again. Exits with 1 if any found anything.
 *
 * node test/soak.ts [--minutes 20] [--from a seed]
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    // Other seeds each day, so that another run searches elsewhere.
    from: { type: 'string', default: String(10_000 * Math.floor(Date.now() / 86_400_000)) },
  },
});

const root = fileURLToPath(new URL('..', import.meta.url));
const seconds = (Number(values.minutes) * 60) / 2;
/** Chaos has six legs where MariaDB has Galera, and each of them takes a while to start and to come to rest. */
const LEGS = 6;
const LEG_OVERHEAD_S = 20;
const legSeconds = Math.max(Math.floor(seconds / LEGS - LEG_OVERHEAD_S), 10);
/** A database that was restored to an earlier state is a promise of its own: a tenth of a second for a seed. */
const RESTORED = 'restored-database,restored-fork,redis-cut';
const RESTORED_SEEDS = 60;
const HTTP_RACES = 'in one tab|redirects to';
/** A slot that moves under load takes some 15 ms. */
const fewSlots = Number(values.minutes) < 10;
/** Losing both servers and getting them back takes three seconds; four lanes do it at a time. */
const READY_ROUNDS_A_MINUTE = 5;
/** A thousand with each subject in twenty minutes. */
const httpTrials = Math.min(Math.ceil(50 * Number(values.minutes)), 1_000);

/** Starting nodes with wrong clocks and such takes a minute. */
const ofGalera = Number(values.minutes) < 10 ? ['galera/reads', 'galera/refusals'] : [];
const galeraSessions = Number(values.minutes) < 10 ? '24' : '200';

const statuses = [
  run(['test/simulation/simulate.ts', '--seconds', String(seconds), '--seeds', '1000000', '--from', values.from]),
  run(['node_modules/vitest/vitest.mjs', 'run', 'test/chaos/chaos.test.ts'], {
    CHAOS_LEGS: 'all',
    CHAOS_SECONDS: String(legSeconds),
    CHAOS_SEED: values.from,
  }),
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'galera', ...ofGalera], {
    GALERA: '1',
    GALERA_SESSIONS: galeraSessions,
  }),
  run(['test/simulation/simulate.ts', '--faults', RESTORED, '--seeds', String(RESTORED_SEEDS), '--from', values.from]),
  // Together, because the first wait and the others compute.
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'fail-overs', '--project', 'loads'], {
    FAIL_OVERS: '1',
    LOADS: '1',
    FAIL_OVER_SLOTS: fewSlots ? '40' : '1000',
  }),
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'http', '-t', HTTP_RACES], {
    HTTP_TRIALS: String(httpTrials),
  }),
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'next'], {
    NEXT_BUILD: '1',
    HTTP_TRIALS: String(httpTrials),
  }),
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'page'], { PAGE: '1' }),
  run(['node_modules/vitest/vitest.mjs', 'run', '--project', 'observability'], { OBSERVABILITY: '1' }),
  run(['node_modules/vitest/vitest.mjs', 'run', 'test/integration/client/overload.test.ts'], { OVERLOAD: '1' }),
  run(['node_modules/vitest/vitest.mjs', 'run', 'test/integration/client/ready-again.test.ts'], {
    READY_ROUNDS: String(Math.ceil(READY_ROUNDS_A_MINUTE * Number(values.minutes))),
    READY_LANES: '4',
  }),
];
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): number | null {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status;
}
