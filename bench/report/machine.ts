import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem, type } from 'node:os';
import { asPostgresAdmin } from '../../test/support/servers/postgres.ts';
import type { Servers } from '../servers.ts';

/** The machine, as far as the figures depend on it; nothing names it or its owner. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** The processes that wanted a core in the minute before the run. Much more than 0 has disturbed it. */
  readonly loadBefore: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly postgresql: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly commit: string;
}

export async function describeMachine({ redis, postgres }: Servers): Promise<Machine> {
  const info = String(await redis.cli('INFO', 'server'));
  const version = /^(?:valkey|redis)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  const [row] = await asPostgresAdmin(postgres, 'SHOW server_version');
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    loadBefore: Number(loadavg()[0]?.toFixed(2)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${platform() === 'linux' ? (release().match(/^\d+\.\d+/)?.[0] ?? '') : release()}`,
    node: process.version,
    redis: `${redis.flavour} ${version}`,
    postgresql: String(row?.['server_version']).split(' ')[0] ?? 'unknown',
    packages: { ...versionsIn('../../package.json', USED), ...versionsIn('../package.json') },
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() || 'unknown',
  };
}

/** The packages that ours runs on, and peers that it is also tested with; the others have a manifest of their own. */
const USED = [
  '@fastify/session',
  '@prisma/adapter-pg',
  '@prisma/client',
  'connect-pg-simple',
  'connect-redis',
  'express',
  'express-session',
  'fastify',
  'ioredis',
  'pg',
  'redis',
];

function versionsIn(file: string, only?: readonly string[]): Record<string, string> {
  const manifest = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string> | undefined
  >;
  const all = Object.entries({ ...manifest.devDependencies, ...manifest.dependencies });
  return Object.fromEntries(all.filter(([name]) => only === undefined || only.includes(name)));
}
