import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../tools/build-if-stale.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import type { Options } from '../options.ts';

/** The time that imports take in a fresh process, in milliseconds. */
export interface StartupResult {
  readonly imported: string;
  readonly wall: Summary;
  /** The user and system time of every thread of the process, in milliseconds. */
  readonly cpu: Summary;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The modules that a service imports, by the name under which they are reported. */
const IMPORTED: Readonly<Record<string, readonly string[]>> = {
  holdfast: ['holdfast'],
  'holdfast, its two tiers and holdfast/express': ['holdfast', 'holdfast/redis', 'holdfast/prisma', 'holdfast/express'],
  'express-session, connect-redis and redis': ['express-session', 'connect-redis', 'redis'],
  ioredis: ['ioredis'],
  express: ['express'],
};

/** Runs in the child: imports its arguments and prints what that cost. */
const CHILD = `
  const begun = performance.now();
  const before = process.cpuUsage();
  for (const name of process.argv.slice(1)) await import(name);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ wall: performance.now() - begun, cpu: (user + system) / 1_000 }));
`;

/** Measures the built package, each list of modules once per round, one after the other. */
export function startup({ throughput: { rounds } }: Options): StartupResult[] {
  buildIfStale(ROOT);
  const names = Object.keys(IMPORTED);
  for (const name of names) importOnce(name);
  const measured = Array.from({ length: rounds }, () => names.map((name) => importOnce(name)));
  return names.map((imported, at) => ({
    imported,
    wall: summarize(measured.map((round) => round[at]?.wall ?? Number.NaN)),
    cpu: summarize(measured.map((round) => round[at]?.cpu ?? Number.NaN)),
  }));
}

function importOnce(name: string): { wall: number; cpu: number } {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', CHILD, ...(IMPORTED[name] ?? [])], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return JSON.parse(output) as { wall: number; cpu: number };
}
