// Compares our operations with those of another checkout of this repository, in one paired run:
//
//     npm run bench:before -- FOLDER [--rounds 6]
//
// FOLDER has its node_modules and its generated Prisma clients (`node tools/setup.mjs` there).

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ratio, runRounds } from './measure/rounds.ts';
import type { Subject } from './measure/slice.ts';
import { range, times } from './report/table.ts';
import { startServers, type Servers } from './servers.ts';
import { NAMES } from './subjects/names.ts';
import { openOurs } from './subjects/ours.ts';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '6' } },
  allowPositionals: true,
});
const [folder] = positionals;
if (folder === undefined) throw new Error('npm run bench:before -- FOLDER: the other checkout is missing.');

const LOAD = { callers: 128, ms: 1_000, rounds: Number(values.rounds) };
const SELDOM_READ = 5_000;

const before = (await import(pathToFileURL(join(resolve(folder), 'bench/subjects/ours.ts')).href)) as {
  readonly openOurs: typeof openOurs;
};
await using servers = await startServers();
await using resources = new AsyncDisposableStack();
const now = subjectsOf('now', await openOurs(databasesOf('now'), SELDOM_READ, resources));
const then = subjectsOf('before', await before.openOurs(databasesOf('before'), SELDOM_READ, resources));
const results = await runRounds(
  now.flatMap((subject, at) => [subject, then[at]].filter((each) => each !== undefined)),
  LOAD,
  servers,
);

for (const { name } of now) {
  const other = name.replace(/^now/, 'before');
  const cpu = ratio(results, name, other, 'clientCpu');
  const rate = ratio(results, name, other);
  const line = `${name.replace('now: ', '')}: client CPU ${times(cpu.median)} (${range(cpu)}), rate ${times(rate.median)} (${range(rate)})`;
  process.stdout.write(`${line}\n`);
}

/** Each checkout has databases of its own on the same server. */
function databasesOf(name: string): Servers {
  return { ...servers, newDatabase: (database) => servers.newDatabase(`${database}_${name}`) };
}

function subjectsOf(name: string, ours: Awaited<ReturnType<typeof openOurs>>): Subject[] {
  return Object.entries(ours)
    .filter(([key]) => key !== 'floor')
    .map(([key, subject]) => ({ ...subject, name: NAMES[key as keyof typeof NAMES].replace('holdfast', name) }));
}
