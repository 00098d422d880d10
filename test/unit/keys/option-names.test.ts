import { describe, expect, it } from 'vitest';
import {
  changeKeyRingFile,
  generateKeyRing,
  keyRingFile,
  keySource,
  rewrapKeyRing,
  rewrapKeyRingFile,
} from '../../../src/index.ts';
import { KEK } from '../../support/ring-fixtures.ts';

const opener = { kek: KEK };
const misspelt = { evry: '1s' } as never;
const misspeltOpener = { kek: KEK, pasphrase: 'correct horse battery staple' } as never;
const ring = generateKeyRing();

describe('a misspelt option', () => {
  it.each<[string, () => unknown]>([
    ['keyRingFile options', () => keyRingFile('keys.json', opener, misspelt)],
    ['keySource options', () => keySource(() => ring, misspelt)],
    ['changeKeyRingFile options', () => changeKeyRingFile('keys.json', opener, (same) => same, misspelt)],
    ['rewrapKeyRingFile options', () => rewrapKeyRingFile('keys.json', opener, opener, misspelt)],
  ])('of %s is refused and named', async (what, call) => {
    await expect(async () => call()).rejects.toMatchObject({
      code: 'HOLDFAST_CONFIGURATION',
      message: expect.stringContaining(`${what}: unknown option 'evry'; expected `),
    });
  });

  it.each<[string, () => unknown]>([
    ['seal', async () => (await ring).seal(misspeltOpener)],
    ['save', async () => (await ring).save('/nowhere/keys.json', [opener, misspeltOpener])],
    ['rewrapKeyRing', async () => rewrapKeyRing(await (await ring).seal(opener), opener, misspeltOpener)],
  ])('of an opener is refused and named by %s', async (_, call) => {
    await expect(async () => call()).rejects.toThrow(
      "the opener of a key ring: unknown option 'pasphrase'; expected passphrase, kek, wrapper.",
    );
  });

  it('from a polluted prototype is ignored', async () => {
    const polluted = Object.prototype as { passphrase?: string };
    polluted.passphrase = 'a passphrase of somebody else';
    try {
      await expect((await ring).seal(opener)).resolves.toMatch(/^ey/);
    } finally {
      delete polluted.passphrase;
    }
  });
});
