import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPlatforms, type Platform } from './find-platforms.ts';

/*
 * Runs the cases of the tier contracts on each server that this machine has: programs that are installed, and images that Docker has.
 * Prints a table; --write replaces the rows of these servers in docs/reference/platforms.md, --integration runs the integration tests of the tier instead.
 *
 * npm run platforms -- --only MySQL --write
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const PAGE = `${root}docs/reference/platforms.md`;
const TABLE = /(<!-- platforms[^\n]*-->\n\n)([^]*?)(\n\n<!-- end of platforms -->)/;
const HEAD = '| server | tried with | cases of the contract |\n|---|---|---|';

const DURABLE = [
  'test/integration/durable',
  'test/integration/client/mixed-load',
  'test/integration/client/lost-commits',
];
const TESTS: Record<
  Platform['kind'],
  { readonly contract: readonly string[]; readonly integration: readonly string[] }
> = {
  mysql: { contract: ['test/conformance/durable-prisma', '-t', 'prisma on mysql'], integration: DURABLE },
  postgresql: { contract: ['test/conformance/durable-p', '-t', 'prisma on postgresql'], integration: DURABLE },
  redis: { contract: ['test/conformance/primary-redis'], integration: ['test/integration/primary'] },
  sqlite: { contract: ['test/conformance/durable-prisma', '-t', 'prisma on sqlite'], integration: DURABLE },
};

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, integration: { type: 'boolean' }, write: { type: 'boolean' } },
});
const platforms = findPlatforms().filter(({ name }) => name.includes(options.only ?? ''));
if (platforms.length === 0) {
  console.error('None of these servers is here.');
  process.exit(1);
}
const rows = platforms.map((platform) => {
  const { contract, integration } = TESTS[platform.kind];
  const args = options.integration
    ? ['--project', 'integration', '--project', 'loads', ...integration]
    : ['--project', 'conformance', ...contract];
  const row = `| ${platform.name} | ${platform.version} | ${run(platform, args)} |`;
  console.log(row);
  return row;
});
if (options.write && !options.integration) writeFileSync(PAGE, withRows(readFileSync(PAGE, 'utf8'), rows));
if (rows.some((row) => row.includes('failed'))) process.exitCode = 1;

/** Returns how many tests passed, and how many failed if any did. */
function run({ name, environment }: Platform, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(`${root}node_modules/.bin/vitest`, ['run', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LOADS: '1', ...environment },
    maxBuffer: Infinity,
  });
  const counts = /^(\d+) passed, (\d+) failed/m.exec(stdout);
  if (counts?.[2] === '0') return `${counts[1]} passed`;
  console.error(`${name}:\n${stdout}\n${stderr}`);
  return counts ? `${counts[1]} passed, ${counts[2]} failed` : 'failed to run';
}

/** Replaces the rows of the servers that were tried; the others stay as another machine found them. */
function withRows(text: string, tried: readonly string[]): string {
  const server = (row: string): string => row.split('|')[1]?.trim() ?? '';
  const [, , table = ''] = TABLE.exec(text) ?? [];
  const known = table.split('\n').slice(2);
  const all = new Map([...known, ...tried].map((row) => [server(row), row]));
  const sorted = [...all.values()].toSorted((a, b) => server(a).localeCompare(server(b), 'en', { numeric: true }));
  return text.replace(TABLE, (_, begin: string, __, end: string) => `${begin}${[HEAD, ...sorted].join('\n')}${end}`);
}
