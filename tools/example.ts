import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Runs an example as its users would run it: it imports the package by its name, which is the built library. PORT says where it listens.
 *
 * npm run example express
 */
const root = fileURLToPath(new URL('..', import.meta.url));

function build(): void {
  if (newest('src') < newest('dist')) return;
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** When a file of the folder was last written; 0 where there is no folder. */
function newest(folder: string): number {
  const path = join(root, folder);
  if (!existsSync(path)) return 0;
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(path, file)).mtimeMs));
}

const examples = readdirSync(join(root, 'examples')).filter((name) =>
  existsSync(join(root, 'examples', name, 'server.ts')),
);
const [name = ''] = process.argv.slice(2);
if (!examples.includes(name)) {
  console.error(`npm run example NAME, where NAME is one of: ${examples.join(', ')}`);
  process.exit(1);
}
build();
await import(`../examples/${name}/server.ts`);
