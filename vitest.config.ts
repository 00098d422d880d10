import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) throw new Error(`The tests run on Node 24, and this is ${process.version}. Use "npm test".`);

/** Tests start some hundred processes from TypeScript; with what Node has compiled once, each starts in a third of the time. */
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

/** Containers carry it, so that the run can find those that a test left behind. */
process.env['HOLDFAST_TEST_RUN'] ??= `${process.pid}-${Date.now()}`;

/** A file of integration tests waits for a third of its time, so two processors are busy with three files. */
const WORKERS_MIN = 3;

/** The examples import the package by its name; here that is its source, which need not be built. */
const source = (entry: string, file: string) => ({
  find: new RegExp(`^holdfast${entry}$`),
  replacement: fileURLToPath(new URL(`src/${file}`, import.meta.url)),
});
const alias = [
  source('', 'index.ts'),
  source('/tier', 'tiers/index.ts'),
  source('/testing', 'testing/index.ts'),
  source('/otel', 'otel/index.ts'),
  source('/(memory|prisma|redis)', 'tiers/$1/index.ts'),
  source('/(express-session|express|fastify|hono|koa|next|web)', 'adapters/$1/index.ts'),
];

/** Time-outs are for tests that hang: on a busy machine everything takes ten times as long. */
const project = (name: string, test: object = {}) => ({
  resolve: { alias },
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 60_000, hookTimeout: 120_000, ...test },
});

/** Projects that talk to real servers; those start once for the whole run. */
const withServers = { globalSetup: './test/support/global-setup.ts', testTimeout: 120_000 };
/** Files share one process, and the library in it is loaded once: a third less to compute. */
const inOneProcess = { isolate: false };

/** These wait for fail-overs of real servers, for minutes in all. */
const FAIL_OVERS = [
  'test/chaos/fail-over.test.ts',
  'test/conformance/durable-patroni.test.ts',
  'test/integration/client/sentinel.test.ts',
  'test/integration/durable/postgresql/fail-over.test.ts',
  'test/integration/primary/redis-cluster-failover.test.ts',
  'test/integration/primary/redis-cluster-nodes.test.ts',
  'test/integration/primary/redis-sentinel.test.ts',
];

/** These keep both processors busy for long: real servers or the command line, under load. */
const LOADS = [
  'test/chaos/redis-kill.test.ts',
  'test/http/made-up-cookies.test.ts',
  'test/integration/cli/commands.test.ts',
  'test/integration/cli/runbook.test.ts',
  'test/integration/client/concurrent-updates.test.ts',
  'test/integration/client/key-rotation.test.ts',
  'test/integration/client/made-up-ids.test.ts',
  'test/integration/client/mixed-load.test.ts',
];

/** These start clusters of MariaDB, which are three servers each. */
const GALERA = ['test/conformance/durable-galera.test.ts', 'test/integration/galera/**/*.test.ts'];

/** Projects that take minutes run only where this variable is set, as the soak does. */
const onlyWith = (variable: string, include: readonly string[]) =>
  process.env[variable] === '1' ? [project(variable.toLowerCase().replace('_', '-'), { ...withServers, include })] : [];
const exclude = [...FAIL_OVERS, ...LOADS, ...GALERA];

/** The project "next" builds Next applications, which takes a minute: only where NEXT_BUILD is set, as the soak does. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    maxWorkers: Math.max(availableParallelism(), WORKERS_MIN),
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', inOneProcess),
      project('property', inOneProcess),
      project('conformance', { ...withServers, exclude }),
      project('integration', { ...withServers, exclude }),
      project('http', { ...withServers, exclude }),
      project('chaos', { ...withServers, exclude }),
      project('simulation', { testTimeout: 180_000 }),
      project('package', { testTimeout: 120_000 }),
      project('examples', { globalSetup: './test/examples/build.ts' }),
      ...onlyWith('FAIL_OVERS', FAIL_OVERS),
      ...onlyWith('LOADS', LOADS),
      ...onlyWith('GALERA', GALERA),
      // A real Prometheus watches outages, for a minute.
      ...onlyWith('OBSERVABILITY', ['test/observability/**/*.test.ts']),
      ...(process.env['NEXT_BUILD'] === '1'
        ? [project('next', { ...withServers, globalSetup: [withServers.globalSetup, './test/next/build.ts'] })]
        : []),
      // Follows start.md with packages from the registry, which takes minutes where the way there is long.
      ...(process.env['NEWCOMER'] === 'npm'
        ? [project('newcomer', { include: ['test/package/start.test.ts'], testTimeout: 600_000 })]
        : []),
      // The project "page" drives the demo's page in a browser, for two minutes: only where PAGE is set, as the soak does.
      ...(process.env['PAGE'] === '1'
        ? [
            project('page', {
              include: ['test/demo/**/*.test.ts'],
              globalSetup: './test/examples/build.ts',
              testTimeout: 180_000,
            }),
          ]
        : []),
    ],
  },
});
