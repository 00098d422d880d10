import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A server that the tests can run on, on this machine. */
export interface Platform {
  /** The server and the version that users choose by, such as `PostgreSQL 17`. */
  readonly name: string;
  /** The exact one, as the server gives it. */
  readonly version: string;
  readonly kind: Kind;
  /** Makes the tests start this server. */
  readonly environment: Readonly<Record<string, string>>;
}

type Kind = 'mysql' | 'postgresql' | 'redis' | 'sqlite';

interface Source {
  readonly server: string;
  readonly kind: Kind;
  readonly variable?: string;
  /** The numbers of a version that users choose by. */
  readonly parts: 1 | 2;
  readonly program: string;
  readonly images: readonly string[];
  /** Folders with programs; the search path if there are none. */
  readonly folders?: readonly string[];
}

const HOMES = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].filter((home) => existsSync(home));
const installed = HOMES.flatMap((home) => readdirSync(home).map((version) => join(home, version, 'bin')));
const chosen = process.env['HOLDFAST_TEST_POSTGRES'];

const SOURCES: readonly Source[] = [
  {
    server: 'PostgreSQL',
    kind: 'postgresql',
    variable: 'HOLDFAST_TEST_POSTGRES',
    parts: 1,
    program: 'postgres',
    images: ['postgres:15', 'postgres:16', 'postgres:17', 'postgres:18'],
    folders: [...installed, ...(chosen?.startsWith('/') ? [chosen] : [])],
  },
  {
    server: 'MySQL',
    kind: 'mysql',
    variable: 'HOLDFAST_TEST_MYSQL',
    parts: 2,
    program: 'mysqld',
    images: ['mysql:8.4', 'mysql:9'],
    folders: [],
  },
  {
    server: 'MariaDB',
    kind: 'mysql',
    variable: 'HOLDFAST_TEST_MYSQL',
    parts: 2,
    program: 'mariadbd',
    images: ['mariadb:11.8'],
  },
  {
    server: 'Redis',
    kind: 'redis',
    variable: 'HOLDFAST_TEST_REDIS',
    parts: 2,
    program: 'redis-server',
    images: ['redis:7', 'redis:8'],
  },
  {
    server: 'Valkey',
    kind: 'redis',
    variable: 'HOLDFAST_TEST_REDIS',
    parts: 2,
    program: 'valkey-server',
    images: ['valkey/valkey:8', 'valkey/valkey:9'],
  },
];

/** Finds the servers that are installed, and those that Docker has an image of; of one version, the installed one. */
export function findPlatforms(): Platform[] {
  const found = SOURCES.flatMap((source) => [...installedOf(source), ...imagesOf(source)]);
  found.push({
    name: 'SQLite',
    version: `@prisma/adapter-libsql ${adapterVersion()}`,
    kind: 'sqlite',
    environment: {},
  });
  return found.filter(({ name }, at) => found.findIndex((other) => other.name === name) === at);
}

function installedOf(source: Source): Platform[] {
  const { program, folders, variable = '' } = source;
  const programs = folders?.map((folder) => join(folder, program)) ?? [program, `/usr/sbin/${program}`];
  return programs.flatMap((path) => {
    const folder = folders?.find((place) => join(place, program) === path);
    const environment = folder === undefined ? { HOLDFAST_TEST_PROVIDER: 'local' } : { [variable]: folder };
    return platformOf(source, ask(path, '--version'), environment);
  });
}

function imagesOf(source: Source): Platform[] {
  return source.images.flatMap((image) => {
    if (ask('docker', 'image', 'inspect', image) === '') return [];
    // All of a run comes from Docker: a cluster of Redis needs its nodes in one place.
    const environment = { [source.variable ?? '']: image, HOLDFAST_TEST_PROVIDER: 'docker' };
    return platformOf(
      source,
      ask('docker', 'run', '--rm', '--entrypoint', source.program, image, '--version'),
      environment,
    );
  });
}

function platformOf({ server, kind, parts }: Source, said: string, environment: Platform['environment']): Platform[] {
  const version = /\d+\.\d+(\.\d+)?/.exec(said)?.[0];
  if (version === undefined) return [];
  return [{ name: `${server} ${version.split('.').slice(0, parts).join('.')}`, version, kind, environment }];
}

function adapterVersion(): string {
  const manifest = new URL('../node_modules/@prisma/adapter-libsql/package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** Returns what a program prints; nothing if it fails, or is not there. */
function ask(file: string, ...args: string[]): string {
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' });
  return status === 0 ? stdout : '';
}
