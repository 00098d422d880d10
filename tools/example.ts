import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build-if-stale.ts';

/*
 * Runs an example as its users would run it: it imports the package by its name, which is the built library. PORT says where it listens.
 *
 * npm run example express
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const examples = readdirSync(join(root, 'examples')).filter((name) =>
  existsSync(join(root, 'examples', name, 'server.ts')),
);
const [name = ''] = process.argv.slice(2);
if (!examples.includes(name)) {
  console.error(`npm run example NAME, where NAME is one of: ${examples.join(', ')}`);
  process.exit(1);
}
buildIfStale(root);
await import(`../examples/${name}/server.ts`);
