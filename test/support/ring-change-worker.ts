import { changeKeyRingFile } from '../../src/keys/file/ring-file-change.ts';
import { addKey, removeKey, revokeKey } from '../../src/keys/ring/rotation.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import { KEK } from './ring-fixtures.ts';

/*
 * Changes a ring file until it is killed: `node ring-change-worker.ts <path> [stall]`. Writes the version of each ring that was
 * saved as a line. With `stall`, says "inside" in the middle of the first change and stays there.
 */
const [path = '', mode] = process.argv.slice(2);

async function step(ring: KeyRing): Promise<KeyRing> {
  if (mode === 'stall') {
    process.stdout.write('inside\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  const pending = ring.keys().find(({ state }) => state === 'pending');
  const revoked = ring.keys().find(({ state }) => state === 'revoked');
  if (revoked !== undefined) return removeKey(ring, { kid: revoked.kid });
  return pending === undefined ? addKey(ring) : revokeKey(ring, { kid: pending.kid });
}

for (;;) {
  const ring = await changeKeyRingFile(path, { kek: KEK }, step, { timeout: '30s' });
  process.stdout.write(`${ring.version}\n`);
}
