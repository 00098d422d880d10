import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

export const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** Packs the library away from the working tree, as `npm publish` would on a clean clone; answers the tarball's path. */
export async function pack(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'holdfast-pack-'));
  const top = new Set([
    'package.json',
    'tsconfig.json',
    'LICENSE',
    'README.md',
    'src',
    'tools',
    ...manifest.files.map((file) => file.split('/')[0] ?? ''),
  ]);
  for (const name of await readdir(root)) {
    if (top.has(name) && name !== 'dist') await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--loglevel=error'], { cwd: copy });
  const [packed]: { filename: string }[] = Object.values(JSON.parse(stdout));
  return join(copy, packed?.filename ?? '');
}

/**
 * A project that has the tarball and the named packages in its node_modules, and nothing else. The packages are links
 * to ours, so that no registry is asked.
 */
export async function install(tarball: string, packages: readonly string[]): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'holdfast-consumer-'));
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'holdfast'), { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'holdfast')]);
  await mkdir(join(modules, '.bin'));
  for (const name of [...Object.keys(manifest.dependencies), ...packages]) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name));
    const bin = join(root, 'node_modules/.bin', name);
    if (existsSync(bin)) await symlink(bin, join(modules, '.bin', name));
  }
  for (const [name, file] of Object.entries(manifest.bin)) {
    // As npm does when it installs.
    await chmod(join(modules, 'holdfast', file), 0o755);
    await symlink(join(modules, 'holdfast', file), join(modules, '.bin', name));
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  return project;
}
