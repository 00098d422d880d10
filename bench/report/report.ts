import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Results } from '../results.ts';
import { plotsOf } from './plots.ts';
import { toMarkdown, toText } from './table.ts';
import { tablesOf } from './tables.ts';

/** The beginnings of the titles of the tables that other pages quote. */
const QUOTED = [
  'Targets',
  'Redis, database, cookie',
  'Throughput',
  'Room',
  'Redis killed',
  'Growth',
  'Cluster',
  'Import',
  'Memory',
];
/** The folder for what is too large for the repository: every figure and every table. */
const CACHE = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));

/**
 * Prints the tables, and writes `results.md` (the tables that pages quote) and the plots to `folder`, and `results.json` and
 * `details.md` (everything) to `.cache/bench`.
 */
export async function report(results: Results, folder: string): Promise<void> {
  const tables = tablesOf(results);
  for (const table of tables) process.stdout.write(toText(table));
  const plots = plotsOf(results);
  const quoted = tables.filter(({ title }) => QUOTED.some((beginning) => title.startsWith(beginning)));
  await write(folder, { 'results.md': page(results, quoted.map(toMarkdown), Object.keys(plots)), ...plots });
  await write(CACHE, {
    'results.json': `${JSON.stringify(withoutSamples(results), null, 1)}\n`,
    'details.md': page(results, tables.map(toMarkdown), []),
  });
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  process.stdout.write(`\nWritten to ${folder}: ${Object.keys(files).join(', ')}\n`);
}

/** Drops the single requests of the outage, which are in the plot; in the file they would be megabytes. */
function withoutSamples({ outage, ...rest }: Results): object {
  if (outage === undefined) return rest;
  const { samples: _samples, ...moments } = outage.moments;
  return { ...rest, outage: { ...outage, moments } };
}

function page(results: Results, tables: readonly string[], plots: readonly string[]): string {
  const { machine, schedule, isQuick, sessionBytes } = results;
  const { cpu, cores, memoryGiB, loadBefore, system, node, redis, postgresql, packages, commit, date } = machine;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    '# Results',
    '',
    `Written by \`npm run bench${isQuick ? ' -- --quick' : ''}\` on ${date}, commit ${commit}; [README.md](README.md) says how to read it.`,
    '',
    `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}; Node ${node}, ${redis}, PostgreSQL ${postgresql}. Client and servers share the cores. Load average when the run began: ${loadBefore}.`,
    `${schedule.callers} callers, ${schedule.rounds} rounds of ${schedule.ms} ms, ${sessionBytes} bytes of session data; TLS and authentication everywhere.`,
    '',
    `${versions.join(', ')}.`,
    '',
    ...plots.map((name) => `![${name.replace('.svg', '')}](${name})\n`),
    ...tables,
  ].join('\n');
}
