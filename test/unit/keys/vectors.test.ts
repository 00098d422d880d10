import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KeyRing } from '../../../src/keys/key-ring.ts';
import type { RingOpener } from '../../../src/keys/ring-opener.ts';
import { fakeWrapper } from '../../support/fake-wrapper.ts';

interface Vectors {
  readonly ring: unknown;
  readonly passphrase: string;
  readonly kek: string;
  readonly wrapper: string;
  readonly sealed: readonly { name: string; openers: ('kek' | 'passphrase' | 'wrapper')[]; sealed: string }[];
}

/** Rings as they were sealed once: a file that was written stays readable. Add to them, never change one. */
const path = new URL('../../vectors/sealed-ring.json', import.meta.url);
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors;

const openers: Record<'kek' | 'passphrase' | 'wrapper', RingOpener> = {
  kek: { kek: Buffer.from(vectors.kek, 'hex') },
  passphrase: { passphrase: vectors.passphrase },
  wrapper: { wrapper: fakeWrapper(vectors.wrapper) },
};

it.each(vectors.sealed)('a ring that was sealed before still opens: $name', async ({ sealed, openers: names }) => {
  for (const name of names) {
    expect((await KeyRing.unseal(sealed, openers[name])).toJwks()).toEqual(vectors.ring);
  }
});
