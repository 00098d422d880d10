import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RotationFleet } from './rotation-fleet.ts';

/**
 * Puts beside a fleet's ring file what a person at a command line has: the key-encryption key in the file `kek`, and the
 * application's client as the module `holdfast.ts`, with these options. Returns the folder.
 */
export async function furnish(
  { orders }: RotationFleet,
  options: { readonly durableTimeout?: string } = {},
): Promise<string> {
  const cwd = dirname(orders.ringPath);
  await writeFile(join(cwd, 'kek'), Buffer.from(orders.kek, 'base64'), { mode: 0o600 });
  await writeFile(join(cwd, 'orders.json'), JSON.stringify(orders), { mode: 0o600 });
  const module = `
    import { readFileSync } from 'node:fs';
    import { openNode } from '${new URL('rotation-client.ts', import.meta.url).href}';
    const orders: Parameters<typeof openNode>[0] = JSON.parse(readFileSync(new URL('orders.json', import.meta.url), 'utf8'));
    export const sessions = async () => (await openNode(orders, ${JSON.stringify(options)})).sessions;`;
  await writeFile(join(cwd, 'holdfast.ts'), module);
  return cwd;
}
