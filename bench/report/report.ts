import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../results.ts';
import { plotsOf } from './plots.ts';
import { toMarkdown, toText } from './table.ts';
import { tablesOf } from './tables.ts';

/** Prints the tables, and writes `results.json`, `results.md` and the plots. */
export async function report(results: Results, folder: string): Promise<void> {
  const tables = tablesOf(results);
  for (const table of tables) process.stdout.write(toText(table));
  const plots = plotsOf(results);
  const files = {
    'results.json': `${JSON.stringify(withoutSamples(results), null, 1)}\n`,
    'results.md': page(results, tables.map(toMarkdown), Object.keys(plots)),
    ...plots,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  process.stdout.write(`\nWritten to ${folder}: ${Object.keys(files).join(', ')}\n`);
}

/** Every request of the outage is in the plot; in the file it would be megabytes. */
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
