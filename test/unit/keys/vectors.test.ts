import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../src/errors.ts';
import { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import type { RingOpener } from '../../../src/keys/seal/ring-opener.ts';
import { fakeWrapper } from '../../support/fake-wrapper.ts';
import { readRefusedRings, refusedRings, type RingRefusal } from '../../vectors/refused-rings.ts';

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

/** By its message an operator knows why. */
const MESSAGES: Readonly<Record<RingRefusal, RegExp>> = {
  'activation-time': /"holdfast:activated_at" (is missing|must be absent)/,
  'active-keys': /(no|more than one) active (data|index) key/,
  algorithm: /"alg" and "use" must be/,
  content: /its content is not JSON/,
  'does-not-open': /does not open/,
  header: /unreadable header|"typ" is not|must be encrypted with|protected header is not/,
  incomplete: /not a complete (Compact|General) JWE/,
  iterations: /PBKDF2 iterations/,
  'key-twice': /lists a key twice|one key under two algorithms/,
  'key-type': /"kty" must be "oct"/,
  malformed: /is malformed/,
  material: /"k" must be 32 bytes|is not random/,
  'not-a-set': /must be a JSON Web Key|must have an array of keys/,
  'not-for-opener': /is not sealed for this kek/,
  recipients: /must have 1 to 10 recipients/,
  'revoked-kids': /"holdfast:revoked" must|lists a revoked kid twice|was revoked and removed/,
  state: /"holdfast:state" must be one of/,
  thumbprint: /"kid" is not the RFC 7638 thumbprint/,
  time: /must be a whole number of seconds/,
  'too-many-keys': /at most 300 keys/,
  version: /"holdfast:version" must be a positive integer/,
};

describe('the vectors of rings, written by hand', () => {
  const written = readRefusedRings();
  const kek = Buffer.from(written.kek, 'hex');

  it.each(written.sets)('hold a set that is a ring: $name', async ({ jwks }) => {
    expect(KeyRing.fromJwks(jwks).toJwks()).toEqual(jwks);
  });

  it.each(written.sealed)('hold a sealed ring that opens: $name', async ({ sealed, jwks }) => {
    expect((await KeyRing.unseal(sealed, { kek })).toJwks()).toEqual(jwks);
  });

  it.each(written.refusedSets)('hold a set that is refused ($reason): $name', async ({ jwks, reason }) => {
    expect(() => KeyRing.fromJwks(jwks)).toThrow(KeyRingError);
    expect(() => KeyRing.fromJwks(jwks)).toThrow(MESSAGES[reason]);
  });

  it.each(written.refusedSealed)('hold a sealed ring that is refused ($reason): $name', async ({ sealed, reason }) => {
    await expect(KeyRing.unseal(sealed, { kek })).rejects.toThrow(KeyRingError);
    await expect(KeyRing.unseal(sealed, { kek })).rejects.toThrow(MESSAGES[reason]);
  });

  it('are what their generator writes today', () => {
    expect(JSON.parse(JSON.stringify(refusedRings()))).toEqual(written);
  });
});
