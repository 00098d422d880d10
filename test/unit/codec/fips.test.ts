import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * Runs the library's cryptography with `node --force-fips`. Node from nodejs.org or npm has no FIPS provider in it, and loads
 * that of the machine: Debian's is in the package openssl-provider-fips. HOLDFAST_TEST_FIPS names another fips.so.
 */
const run = promisify(execFile);
const worker = fileURLToPath(new URL('../../support/fips-worker.ts', import.meta.url));
const provider = [
  process.env['HOLDFAST_TEST_FIPS'] ?? '',
  '/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so',
  '/usr/lib/aarch64-linux-gnu/ossl-modules/fips.so',
  '/usr/lib64/ossl-modules/fips.so',
].find((path) => existsSync(path));
const canRun = provider !== undefined && spawnSync('openssl', ['version']).status === 0;

const configuration = (folder: string): string => `nodejs_conf = nodejs_init
.include ${folder}/fipsmodule.cnf
[nodejs_init]
providers = provider_sect
alg_section = algorithm_sect
[provider_sect]
fips = fips_sect
base = base_sect
[base_sect]
activate = 1
[algorithm_sect]
default_properties = fips=yes
`;

describe.skipIf(!canRun)('under --force-fips (it needs openssl and its FIPS provider, fips.so)', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-fips-'));
    await run('openssl', ['fipsinstall', '-module', provider ?? '', '-out', join(folder, 'fipsmodule.cnf')]);
    await writeFile(join(folder, 'node.cnf'), configuration(folder));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it.each(['A256GCM', 'XAES-256-GCM'])('rings, sessions, user keys and cookies work in suite %s', async (suite) => {
    const env = { ...process.env, OPENSSL_CONF: join(folder, 'node.cnf'), OPENSSL_MODULES: dirname(provider ?? '') };
    const { stdout } = await run(process.execPath, ['--force-fips', worker, suite], { env });
    expect(stdout).toBe('fips 1\n');
  });
});
