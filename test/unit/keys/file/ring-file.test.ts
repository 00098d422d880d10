import { generateKeyRing } from '../../../../src/keys/ring/rotation.ts';
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { RingJwk } from '../../../../src/keys/ring/ring-jwk.ts';
import { sealText } from '../../../../src/keys/seal/sealed-ring.ts';
import { canariesOf, fixtureJwks, KEK, standardKeys } from '../../../support/ring-fixtures.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-ring-'));
  path = join(folder, 'keys.jwe');
});

afterEach(() => rm(folder, { recursive: true }));

describe('a key ring in a file', () => {
  it('is read back as it was saved, and by its owner only', async () => {
    const ring = await generateKeyRing();
    await ring.save(path, { kek: KEK });
    expect((await KeyRing.open(path, { kek: KEK })).toJwks()).toEqual(ring.toJwks());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('is never overwritten, be it no ring at all or a link that leads nowhere', async () => {
    const ring = await generateKeyRing();
    await ring.save(path, { kek: KEK });
    const link = join(folder, 'link.jwe');
    await symlink(join(folder, 'nowhere'), link);
    const precious = join(folder, 'precious');
    await writeFile(precious, 'something else');
    for (const taken of [path, link, precious]) {
      await expect((await generateKeyRing()).save(taken, { kek: KEK })).rejects.toMatchObject({
        code: 'HOLDFAST_KEY_RING',
        message: expect.stringMatching(/exists already, and is not overwritten.*changeKeyRingFile/),
      });
    }
    expect((await KeyRing.open(path, { kek: KEK })).fingerprint()).toEqual(ring.fingerprint());
    expect(await readFile(precious, 'utf8')).toBe('something else');
    expect((await readdir(folder)).toSorted()).toEqual(['keys.jwe', 'link.jwe', 'precious']);
  });

  it('is created by one of two processes that save at the same moment', async () => {
    const rings = await Promise.all([generateKeyRing(), generateKeyRing()]);
    const saved = await Promise.allSettled(rings.map((ring) => ring.save(path, { kek: KEK })));
    expect(saved.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const winner = rings[saved.findIndex(({ status }) => status === 'fulfilled')];
    expect((await KeyRing.open(path, { kek: KEK })).fingerprint()).toEqual(winner?.fingerprint());
    expect(await readdir(folder)).toEqual(['keys.jwe']);
  });

  it('leaves no temporary file beside it when it cannot be written', async () => {
    const ring = await generateKeyRing();
    const nowhere = join(folder, 'missing', 'keys.jwe');
    await expect(ring.save(nowhere, { kek: KEK })).rejects.toThrow(
      `The key ring file ${nowhere} could not be written (ENOENT).`,
    );
    await expect(ring.save(folder, { kek: KEK })).rejects.toThrow('exists already');
    expect(await readdir(folder)).toEqual([]);
    expect(
      (await readdir(join(folder, '..'))).filter((name) => name.startsWith(`${folder.split('/').at(-1)}.`)),
    ).toEqual([]);
  });

  it('holds nothing readable', async () => {
    const ring = await generateKeyRing();
    await ring.save(path, { kek: KEK });
    const text = await readFile(path, 'utf8');
    for (const { k, kid } of ring.toJwks().keys) {
      expect(text).not.toContain(k);
      expect(text).not.toContain(kid);
    }
  });

  it('is named in the error when it is missing or too large', async () => {
    await expect(KeyRing.open(path, { kek: KEK })).rejects.toThrow(
      `The key ring file ${path} could not be read (ENOENT). If there never was one, "npx holdfast keys generate" makes it.`,
    );
    await writeFile(path, '');
    await truncate(path, 10_000_000);
    await expect(KeyRing.open(path, { kek: KEK })).rejects.toThrow('The key ring file is larger than 524288 bytes.');
  });

  const PASSPHRASE = 'correct horse battery staple';
  const [FIRST, SECOND] = standardKeys() as [RingJwk, RingJwk];
  const weak = Buffer.alloc(32, 'ab').toString('base64url');

  it.each<[string, (sealed: string) => string, object, RegExp]>([
    [
      'a wrong passphrase',
      (sealed) => sealed,
      fixtureJwks(),
      /does not open with this passphrase: it is the wrong one/,
    ],
    ['a truncated file', (sealed) => sealed.slice(0, -1), fixtureJwks(), /truncated, or not a sealed ring/],
    ['a key twice', (sealed) => sealed, fixtureJwks([...standardKeys(), FIRST]), /lists a key twice/],
    [
      'a kid that is not the thumbprint',
      (sealed) => sealed,
      fixtureJwks([{ ...FIRST, kid: SECOND.kid }]),
      /not the RFC 7638/,
    ],
    ['a weak key', (sealed) => sealed, fixtureJwks([{ ...FIRST, k: weak }]), /is not random/],
    [
      'a version that is none',
      (sealed) => sealed,
      { ...fixtureJwks(), 'holdfast:version': 0 },
      /must be a positive integer/,
    ],
  ])('is refused, without a word of what is in it, for %s', async (what, alter, jwks, message) => {
    const opener = { passphrase: PASSPHRASE };
    await writeFile(path, alter(await sealText(JSON.stringify(jwks), opener)));
    const given = what === 'a wrong passphrase' ? { passphrase: 'incorrect horse battery' } : opener;
    const error: unknown = await KeyRing.open(path, given).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyRingError);
    expect((error as Error).message).toMatch(message);
    const shown = inspect(error, { depth: 10, showHidden: true });
    for (const canary of [...canariesOf(standardKeys()), weak, ...Object.values(given)])
      expect(shown).not.toContain(canary);
  });
});
