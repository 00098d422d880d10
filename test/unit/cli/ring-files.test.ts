import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveAgreed } from '../../../src/cli/ring/ring-files.ts';
import { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { addKey, revokeKey, withPromoted } from '../../../src/keys/ring/rotation.ts';
import { fixtureRing, KEK } from '../../support/ring-fixtures.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  path = join(folder, 'keys.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a change that a fleet agreed to', () => {
  it('is saved over the ring from which it was made', async () => {
    const before = await fixtureRing();
    await before.save(path, { kek: KEK });
    await saveAgreed(path, { kek: KEK }, { before, ring: withPromoted(before) });
    expect((await KeyRing.open(path, { kek: KEK })).version).toBe(before.version + 1);
  });

  it('is not saved over a change made meanwhile, even of the same version', async () => {
    const before = await fixtureRing();
    const pending = before.keys().find(({ state }) => state === 'pending');
    const revoked = revokeKey(before, { kid: pending?.kid ?? '' });
    await revoked.save(path, { kek: KEK });
    for (const made of [before, await addKey(before, { use: 'index' })]) {
      const agreed = { before: made, ring: withPromoted(made) };
      await expect(saveAgreed(path, { kek: KEK }, agreed)).rejects.toMatchObject({ exitCode: 3 });
    }
    expect((await KeyRing.open(path, { kek: KEK })).fingerprint()).toEqual(revoked.fingerprint());
  });
});
