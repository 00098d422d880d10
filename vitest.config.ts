import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) throw new Error(`The tests run on Node 24, and this is ${process.version}. Use "npm test".`);

/** The examples import the package by its name; here that is its source, which need not be built. */
const source = (entry: string, file: string) => ({
  find: new RegExp(`^holdfast${entry}$`),
  replacement: fileURLToPath(new URL(`src/${file}`, import.meta.url)),
});
const alias = [
  source('', 'index.ts'),
  source('/(memory|prisma|redis)', 'tiers/$1/index.ts'),
  source('/(express-session|express|fastify|hono|koa|next|web)', 'adapters/$1/index.ts'),
];

const project = (name: string, test: object = {}) => ({
  resolve: { alias },
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 10_000, hookTimeout: 60_000, ...test },
});

/** Projects that talk to real servers; those start once for the whole run. */
const withServers = { globalSetup: './test/support/global-setup.ts', testTimeout: 30_000 };

export default defineConfig({
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    projects: [
      project('unit'),
      project('property', { testTimeout: 60_000 }),
      project('conformance', withServers),
      project('integration', withServers),
      project('http', withServers),
      project('chaos', withServers),
      project('simulation', { testTimeout: 180_000 }),
      project('package', { testTimeout: 120_000 }),
      project('examples', { globalSetup: './test/examples/build.ts', testTimeout: 60_000 }),
    ],
  },
});
