import { CompactEncrypt } from 'jose';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { RingOpener } from '../../../../src/keys/seal/ring-opener.ts';
import { fakeWrapper } from '../../../support/fake-wrapper.ts';
import { canariesOf, fixtureJwks, fixtureRing, KEK, standardKeys } from '../../../support/ring-fixtures.ts';

const PASSPHRASE = 'correct horse battery staple';
const OTHER_KEK = Buffer.from(KEK).reverse();

let byPassphrase: string;
let byKek: string;

beforeAll(async () => {
  const ring = await fixtureRing();
  byPassphrase = await ring.seal({ passphrase: PASSPHRASE });
  byKek = await ring.seal({ kek: KEK });
});

function headerOf(sealed: string): unknown {
  return JSON.parse(Buffer.from(sealed.split('.')[0] as string, 'base64url').toString());
}

/** A ring that somebody else sealed, or a sealed thing that is not a ring. */
function foreign(header: object, content: unknown = fixtureJwks(), p2c?: number): Promise<string> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const jwe = new CompactEncrypt(Buffer.from(text));
  jwe.setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', typ: 'holdfast-key-ring+jwe', ...header });
  if (p2c !== undefined) jwe.setKeyManagementParameters({ p2c });
  return jwe.encrypt(p2c === undefined ? KEK : Buffer.from(PASSPHRASE));
}

async function refusal(sealed: string, opener: RingOpener): Promise<string> {
  const error: unknown = await KeyRing.unseal(sealed, opener).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeyRingError);
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const canary of [...canariesOf(standardKeys()), PASSPHRASE]) expect(shown).not.toContain(canary);
  return (error as Error).message;
}

describe('a sealed key ring', () => {
  it('opens with the passphrase that sealed it', async () => {
    expect((await KeyRing.unseal(byPassphrase, { passphrase: PASSPHRASE })).toJwks()).toEqual(fixtureJwks());
  });

  it('opens with the kek that sealed it', async () => {
    expect((await KeyRing.unseal(`${byKek}\n`, { kek: KEK })).toJwks()).toEqual(fixtureJwks());
  });

  it('states its algorithms, 600 000 iterations and a salt of its own in the header', async () => {
    const header = {
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256GCM',
      typ: 'holdfast-key-ring+jwe',
      cty: 'jwk-set+json',
      p2c: 600_000,
    };
    expect(headerOf(byPassphrase)).toEqual({ ...header, p2s: expect.stringMatching(/^[\w-]{22}$/) as string });
    expect(headerOf(byKek)).toEqual({ alg: 'A256KW', enc: header.enc, typ: header.typ, cty: header.cty });
    const again = await (await fixtureRing()).seal({ passphrase: PASSPHRASE });
    expect(headerOf(again)).not.toEqual(headerOf(byPassphrase));
  });

  it('opens with a passphrase whose accents were typed as separate characters', async () => {
    const sealed = await (await fixtureRing()).seal({ passphrase: 'caf\u00e9 caf\u00e9 caf\u00e9 caf\u00e9' });
    await expect(
      KeyRing.unseal(sealed, { passphrase: 'cafe\u0301 cafe\u0301 cafe\u0301 cafe\u0301' }),
    ).resolves.toBeInstanceOf(KeyRing);
  });

  it('distinguishes a wrong opener, a truncated file, another kind of opener and another file', async () => {
    expect(await refusal(byPassphrase, { passphrase: 'incorrect horse battery' })).toMatch(
      /does not open with this passphrase/,
    );
    expect(await refusal(byKek, { kek: OTHER_KEK })).toMatch(/does not open with this kek/);
    expect(await refusal(byKek, { passphrase: PASSPHRASE })).toMatch(/is not sealed for this passphrase/);
    expect(await refusal(byPassphrase, { kek: KEK })).toMatch(/is not sealed for this kek/);
    expect(await refusal(byKek.slice(0, -1), { kek: KEK })).toMatch(/truncated, or not a sealed ring/);
    expect(await refusal(JSON.stringify(fixtureJwks()), { kek: KEK })).toMatch(/truncated, or not a sealed ring/);
    expect(await refusal('', { kek: KEK })).toMatch(/truncated, or not a sealed ring/);
    expect(await refusal(`x${byKek}`, { kek: KEK })).toMatch(/unreadable header/);
    expect(await refusal(await foreign({ typ: 'JWT' }), { kek: KEK })).toMatch(/its "typ" is not/);
    expect(await refusal(await foreign({}, '{"keys":'), { kek: KEK })).toMatch(/its content is not JSON/);
    expect(await refusal(await foreign({}, '[1]'), { kek: KEK })).toMatch(/must be a JSON Web Key Set/);
    expect(await refusal('a'.repeat(600_000), { kek: KEK })).toMatch(/too long/);
  });

  it('has one spelling: the spare bits of its last character must be zero', async () => {
    const last = byKek.at(-1) as string;
    const spelled = byKek.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1);
    expect(Buffer.from(spelled.slice(-22), 'base64url')).toEqual(Buffer.from(byKek.slice(-22), 'base64url'));
    expect(await refusal(spelled, { kek: KEK })).toMatch(/truncated, or not a sealed ring/);
  });

  it('is refused when it was sealed with another content encryption or compressed', async () => {
    expect(await refusal(await foreign({ enc: 'A256CBC-HS512' }), { kek: KEK })).toMatch(
      /truncated|must be encrypted with A256GCM/,
    );
    expect(await refusal(await foreign({ enc: 'A128GCM' }), { kek: KEK })).toMatch(/must be encrypted with A256GCM/);
    expect(await refusal(await foreign({ zip: 'DEF' }), { kek: KEK })).toMatch(/malformed/);
  });

  it('is refused, before any work is done, when its iterations are too few or too many', async () => {
    const few = await foreign({ alg: 'PBES2-HS512+A256KW' }, undefined, 209_999);
    expect(await refusal(few, { passphrase: PASSPHRASE })).toMatch(/between 210000 and 1000000/);
    const header = Buffer.from(JSON.stringify({ ...(headerOf(few) as object), p2c: 1_000_001 })).toString('base64url');
    expect(await refusal([header, ...few.split('.').slice(1)].join('.'), { passphrase: PASSPHRASE })).toMatch(
      /between 210000 and 1000000/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['a short passphrase', { passphrase: 'fifteen letters' }, /at least 16 characters/],
    [
      'a passphrase of sixteen UTF-16 units that are eight characters',
      { passphrase: '🦊'.repeat(8) },
      /at least 16 characters/,
    ],
    ['a passphrase that is no string', { passphrase: 1 }, /at least 16 characters/],
    ['a kek of 31 bytes', { kek: KEK.subarray(1) }, /kek of a key ring must be exactly 32 bytes/],
    ['a kek that is text', { kek: Buffer.from('The quick brown fox jumped dozen') }, /kek of a key ring is not random/],
    ['a kek that is a string', { kek: 'x'.repeat(32) }, /must be a Uint8Array/],
    ['neither', {}, /exactly one of them/],
    ['both', { passphrase: PASSPHRASE, kek: KEK }, /exactly one of them/],
    ['nothing at all', undefined, /exactly one of them/],
    ['a wrapper without methods', { wrapper: { id: 'x' } }, /must have the methods wrap and unwrap/],
    ['a wrapper whose name has a space', { wrapper: fakeWrapper('a b') }, /id of a key wrapper must be/],
    ['a wrapper without a name', { wrapper: fakeWrapper('') }, /id of a key wrapper must be/],
  ])('is neither sealed nor opened with %s', async (_, opener, message) => {
    expect(await refusal(byKek, opener as RingOpener)).toMatch(message);
    await expect((await fixtureRing()).seal(opener as RingOpener)).rejects.toThrow(message);
  });
});
