import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = new URL('./', import.meta.url);
const SCHEMA = new URL('stores/schema.prisma', here);
const GENERATED = new URL('../.cache/bench/prisma/', here);
/** The Prisma client of prisma-session-store. */
export const GENERATED_CLIENT: URL = new URL('client.ts', GENERATED);

/**
 * Installs what the peers need, if it is missing: their packages, and a Prisma client with the model of one of them.
 */
export function prepare(): void {
  installPeers();
  generateClient();
}

/**
 * Installs the peers' packages. npm keeps what it installed beside the packages, so comparing the two lock files shows
 * whether any is stale.
 */
function installPeers(): void {
  const wanted = packagesIn(new URL('package-lock.json', here));
  const installed = packagesIn(new URL('node_modules/.package-lock.json', here));
  const isFresh = Object.entries(wanted).every(([name, version]) => name === '' || installed[name] === version);
  if (isFresh) return;
  console.error('bench: installing the peers (npm ci in bench/)');
  run('npm', ['ci', '--loglevel=error'], here);
}

function packagesIn(lockFile: URL): Record<string, string | undefined> {
  if (!existsSync(lockFile)) return {};
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, { version?: string }> };
  return Object.fromEntries(Object.entries(packages).map(([name, { version }]) => [name, version]));
}

function generateClient(): void {
  const manifest = readFileSync(new URL('../node_modules/prisma/package.json', here), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const stamp = `${version}\n${readFileSync(SCHEMA, 'utf8')}`;
  const stampFile = new URL('.stamp', GENERATED);
  if (existsSync(GENERATED_CLIENT) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  console.error('bench: generating the Prisma client of prisma-session-store');
  mkdirSync(GENERATED, { recursive: true });
  // Generating needs no schema engine, so none is downloaded (as in tools/setup.mjs).
  const environment = { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false', CHECKPOINT_DISABLE: '1' };
  run('prisma', ['generate', '--schema', fileURLToPath(SCHEMA)], new URL('../', here), environment);
  writeFileSync(stampFile, stamp);
}

function run(command: string, args: readonly string[], cwd: URL, environment: Record<string, string> = {}): void {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`bench: ${command} failed\n${stdout}${stderr}`);
}
