import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { redisFlavours, startRedis } from '../test/support/servers/redis.ts';

/*
 * Packs the package, installs it from the registry's point of view into empty folders, and uses it from each runtime and
 * compiler. Prints a table; --write puts it into docs/reference/platforms.md, --only takes the rows whose name holds a text.
 *
 * npm run consumers -- --only Node --write
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const PAGE = `${root}docs/reference/platforms.md`;

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

interface Runtime {
  readonly name: string;
  readonly install: string;
  /** The command before the file and its arguments, of which the first is a program of the installed package. */
  readonly command: readonly string[];
}

const node = (version: string): Runtime => ({ name: `Node ${version}`, install: `node@${version}`, command: ['node'] });
const RUNTIMES: readonly Runtime[] = [
  // The first that requires ES modules.
  node('22.12'),
  node('22'),
  node('24'),
  node('26'),
  { name: 'Bun', install: 'bun@1', command: ['bun'] },
  { name: 'Deno', install: 'deno@2', command: ['deno', 'run', '--allow-all', '--node-modules-dir=manual'] },
];
const COMPILERS = ['5.9', '6', '7'] as const;
const RESOLUTIONS = [
  { name: 'NodeNext', module: 'nodenext', moduleResolution: 'nodenext' },
  { name: 'Bundler', module: 'preserve', moduleResolution: 'bundler' },
] as const;
/** Types that come apart from their packages. */
const TYPES = ['@types/express', '@types/express-session', '@types/koa', '@types/node', '@types/react'];
/** The entry points that load the package they are for. */
const LOADS_ITS_PEER = ['holdfast/redis', 'holdfast/express-session', 'holdfast/next', 'holdfast/otel'];

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
const entries = Object.keys(manifest.exports)
  .filter((entry) => !/\.json$|\*/.test(entry))
  .map((entry) => entry.replace(/^\./, 'holdfast'));
const { values: options } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' } } });
const isWanted = (name: string): boolean => name.includes(options.only ?? '');

const folder = mkdtempSync(join(tmpdir(), 'holdfast-consumers-'));
let failures = 0;

/** Returns what a program prints; throws where it fails. */
function run(file: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8', timeout: 600_000 });
  if (status === 0) return stdout;
  throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? status}\n${stdout}\n${stderr}`);
}

function project(name: string, packages: readonly string[], more: object = {}): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, private: true, type: 'module', ...more }));
  run('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--loglevel=error', ...packages], path);
  return path;
}

/** Returns "yes" where a step does what it should; what went wrong is printed. */
function tryOut(step: string, work: () => void): string {
  try {
    work();
    return 'yes';
  } catch (error) {
    failures += 1;
    console.error(`${step}: ${error instanceof Error ? error.message : String(error)}`);
    return '**no**';
  }
}

interface Places {
  /** A folder with the package alone. */
  readonly bare: string;
  /** A folder with the package and every peer. */
  readonly complete: string;
  /** A file with the address of a Redis; undefined where the machine has none. */
  readonly redis: string | undefined;
}

const HEAD_OF_RUNTIMES =
  '| runtime | tried with | `import`, no peer | `import`, all peers | `require` | a session | command line | Redis over TLS |\n|---|---|---|---|---|---|---|---|';

function rowOfRuntime({ name, install, command }: Runtime, { bare, complete, redis }: Places): string {
  const home = project(name.replaceAll(' ', '-'), [install], { allowScripts: { node: true, bun: true, deno: true } });
  const [program = '', ...before] = command;
  const path = join(home, 'node_modules/.bin', program);
  const version = /\d+\.\d+\.\d+/.exec(run(path, ['--version'], home))?.[0] ?? '';
  const execute = (file: string, args: readonly string[], cwd: string): string =>
    run(path, [...before, file, ...args], cwd);
  const withoutPeers = entries.filter((entry) => !LOADS_ITS_PEER.includes(entry));
  const cells = [
    tryOut(`${name}, import without peers`, () => execute('entries.mjs', withoutPeers, bare)),
    tryOut(`${name}, import`, () => execute('entries.mjs', entries, complete)),
    tryOut(`${name}, require`, () => execute('entries.cjs', entries, complete)),
    tryOut(`${name}, a session`, () => execute('sessions.mjs', [], bare)),
    tryOut(`${name}, command line`, () => generateRing(execute, bare, name)),
    redis === undefined ? 'not tried' : tryOut(`${name}, Redis`, () => execute('redis.mjs', [redis], complete)),
  ];
  return `| ${[name, version, ...cells].join(' | ')} |`;
}

function generateRing(
  execute: (file: string, args: readonly string[], cwd: string) => string,
  cwd: string,
  name: string,
): void {
  const cli = join(cwd, 'node_modules/holdfast/dist/cli/main.js');
  const ring = ['--ring', `${name.replaceAll(' ', '-')}.json`, '--kek-file', 'kek'];
  execute(cli, ['keys', 'generate', ...ring], cwd);
  const list = JSON.parse(execute(cli, ['keys', 'list', '--json', ...ring], cwd)) as { version: number };
  if (list.version !== 1) throw new Error('The ring has another version.');
}

const HEAD_OF_COMPILERS = `| TypeScript | tried with | ${RESOLUTIONS.map(({ name }) => `\`${name}\``).join(' | ')} |\n|---|---|---|---|`;

function rowOfCompiler(major: string, { complete }: Places): string {
  const name = `TypeScript ${major}`;
  const home = project(name.replaceAll(' ', '-'), [`typescript@${major}`]);
  const tsc = join(home, 'node_modules/.bin/tsc');
  const version = run(tsc, ['--version'], home).replace('Version', '').trim();
  const cells = RESOLUTIONS.map((resolution) =>
    tryOut(`${name}, ${resolution.name}`, () => compile(tsc, complete, resolution)),
  );
  return `| ${[major, version, ...cells].join(' | ')} |`;
}

function compile(tsc: string, cwd: string, { module, moduleResolution }: (typeof RESOLUTIONS)[number]): void {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    module,
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // The declarations of the package have to stand on their own.
    skipLibCheck: false,
  };
  writeFileSync(
    join(cwd, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['application.ts', 'entries.ts'] }),
  );
  const { stdout, status, error } = spawnSync(tsc, ['-p', '.', '--pretty', 'false'], { cwd, encoding: 'utf8' });
  if (error) throw error;
  // Declarations of other packages that do not compile are not ours to mend.
  const ours = stdout.split('\n').filter((line) => /^\S/.test(line) && !/^node_modules\/(?!holdfast\/)/.test(line));
  if (ours.length > 0 || (status !== 0 && stdout === '')) throw new Error(ours.join('\n') || `status ${status}`);
}

function installPackage(): Omit<Places, 'redis'> {
  run('npm', ['pack', '--pack-destination', folder, '--loglevel=error'], root);
  const tarball = run('sh', ['-c', `ls ${folder}/*.tgz`], root).trim();
  const peers = Object.entries(manifest.peerDependencies).map(([name, range]) => `${name}@${range}`);
  const scripts = { allowScripts: { prisma: false, '@prisma/engines': false, '@prisma/client': false, sharp: false } };
  const bare = project('bare', [tarball]);
  const complete = project('complete', [tarball, ...peers, ...TYPES, 'react@19', 'react-dom@19'], scripts);
  for (const path of [bare, complete]) cpSync(`${root}test/consumers`, path, { recursive: true });
  writeFileSync(join(bare, 'kek'), Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37 + 11) % 256)));
  writeFileSync(
    join(complete, 'entries.ts'),
    entries.map((name, at) => `export * as all${at} from '${name}';\n`).join(''),
  );
  return { bare, complete };
}

/** Replaces the rows that were tried; the others stay as they were found before. */
function withRows(text: string, label: string, head: string, tried: readonly string[]): string {
  const place = new RegExp(`(<!-- ${label}[^\\n]*-->\\n\\n)([^]*?)(\\n\\n<!-- end of ${label} -->)`);
  const nameOf = (row: string): string => row.split('|')[1]?.trim() ?? '';
  const known = (place.exec(text)?.[2] ?? '')
    .split('\n')
    .slice(2)
    .filter((row) => row !== '');
  const all = [...new Map([...known, ...tried].map((row) => [nameOf(row), row])).values()];
  const rows = all.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
  return text.replace(place, (_, begin: string, __, end: string) => `${begin}${[head, ...rows].join('\n')}${end}`);
}

async function main(): Promise<void> {
  const server = redisFlavours().length > 0 ? await startRedis() : undefined;
  try {
    const redis = join(folder, 'redis.json');
    if (server) writeFileSync(redis, JSON.stringify({ url: server.url, ca: server.ca }));
    const places: Places = { ...installPackage(), redis: server && redis };
    const runtimes = RUNTIMES.filter(({ name }) => isWanted(name)).map((each) => show(rowOfRuntime(each, places)));
    const compilers = COMPILERS.filter((each) => isWanted(`TypeScript ${each}`)).map((each) =>
      show(rowOfCompiler(each, places)),
    );
    if (!options.write) return;
    const page = withRows(readFileSync(PAGE, 'utf8'), 'runtimes', HEAD_OF_RUNTIMES, runtimes);
    writeFileSync(PAGE, withRows(page, 'compilers', HEAD_OF_COMPILERS, compilers));
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function show(row: string): string {
  console.log(row);
  return row;
}

await main();
if (failures > 0) process.exitCode = 1;
