import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { KeyWrapper } from '../../../../src/keys/seal/key-wrapper.ts';
import { fakeWrapper } from '../../../support/fake-wrapper.ts';
import { canariesOf, fixtureJwks, fixtureRing, KEK, standardKeys } from '../../../support/ring-fixtures.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SECRET = 'AKIA-credential-of-the-service';

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeyRingError);
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const canary of [...canariesOf(standardKeys()), SECRET]) expect(shown).not.toContain(canary);
  return (error as Error).message;
}

/** A wrapper that answers `wrap` or `unwrap` otherwise. */
function twisted(changes: Partial<KeyWrapper>): KeyWrapper {
  return { ...fakeWrapper(ARN), ...changes };
}

function failing(properties: object): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(`denied for ${SECRET}`), properties));
}

describe('a ring sealed for a key wrapper', () => {
  it('opens through the wrapper, and names it and what it wrapped in the protected header', async () => {
    const sealed = await (await fixtureRing()).seal({ wrapper: fakeWrapper(ARN) });
    const header = JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString()) as Record<
      string,
      string
    >;
    expect(header).toEqual({
      alg: 'A256KW',
      enc: 'A256GCM',
      typ: 'holdfast-key-ring+jwe',
      cty: 'jwk-set+json',
      kid: ARN,
      'holdfast:wrapped': expect.any(String) as string,
    });
    expect(Buffer.from(header['holdfast:wrapped'] ?? '', 'base64url')).toHaveLength(12 + 32 + 16);
    expect((await KeyRing.unseal(sealed, { wrapper: fakeWrapper(ARN) })).toJwks()).toEqual(fixtureJwks());
  });

  it('draws a key-encryption key for every sealing, and passes its purpose to the wrapper', async () => {
    const seen: { key: string; context: object }[] = [];
    const spy = twisted({
      wrap: (key, context) => {
        seen.push({ key: Buffer.from(key).toString('hex'), context });
        return fakeWrapper(ARN).wrap(key, context);
      },
    });
    const ring = await fixtureRing();
    await ring.seal({ wrapper: spy });
    await ring.seal({ wrapper: spy });
    expect(seen.map(({ context }) => context)).toEqual([
      { purpose: 'holdfast-key-ring' },
      { purpose: 'holdfast-key-ring' },
    ]);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(2);
    expect(seen[0]?.key).toHaveLength(64);
  });

  it('overwrites the key that it lent to wrap, and leaves the answer of unwrap alone', async () => {
    let lent: Uint8Array = new Uint8Array();
    let answer: Uint8Array = new Uint8Array();
    const wrapper = twisted({
      wrap: (key, context) => {
        lent = key;
        return fakeWrapper(ARN).wrap(key, context);
      },
      unwrap: async (wrapped, context) => {
        answer = await fakeWrapper(ARN).unwrap(wrapped, context);
        return answer;
      },
    });
    const sealed = await (await fixtureRing()).seal({ wrapper });
    expect([...lent]).toEqual(Array(32).fill(0));
    await KeyRing.unseal(sealed, { wrapper });
    expect(new Set(answer).size).toBeGreaterThan(1);
  });

  it('is not asked of a wrapper of another name, nor of a kek or passphrase', async () => {
    const sealed = await (await fixtureRing()).seal({ wrapper: fakeWrapper(ARN) });
    const untouched: KeyWrapper = {
      ...fakeWrapper('another'),
      unwrap: () => expect.unreachable('A wrapper was called for the key of another.'),
    };
    expect(await refusal(KeyRing.unseal(sealed, { wrapper: untouched }))).toMatch(/not sealed for this wrapper/);
    expect(await refusal(KeyRing.unseal(sealed, { kek: KEK }))).toMatch(/not sealed for this kek/);
    const byKek = await (await fixtureRing()).seal({ kek: KEK });
    expect(await refusal(KeyRing.unseal(byKek, { wrapper: untouched }))).toMatch(/not sealed for this wrapper/);
  });

  it.each([
    ['its code', failing({ code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['the code of its cause', failing({ name: 'TypeError', cause: { code: 'ENOTFOUND' } }), 'ENOTFOUND'],
    ['its name', failing({ name: 'AccessDeniedException', code: 400 }), 'AccessDeniedException'],
    [
      'no word when the words could be anything',
      failing({ name: SECRET, code: `${SECRET}x`.repeat(3) }),
      'unknown reason',
    ],
    ['no word when the word is as long as a key', failing({ code: 'A'.repeat(43), name: '' }), 'unknown reason'],
    ['no word when it is not even an error', () => Promise.reject(SECRET as unknown as Error), 'unknown reason'],
  ])('reports a failing service by %s', async (_, fail, word) => {
    const ring = await fixtureRing();
    const sealed = await ring.seal({ wrapper: fakeWrapper(ARN) });
    expect(await refusal(KeyRing.unseal(sealed, { wrapper: twisted({ unwrap: fail }) }))).toBe(
      `The key wrapper ${ARN} could not unwrap the key (${word}).`,
    );
    expect(await refusal(ring.seal({ wrapper: twisted({ wrap: fail }) }))).toBe(
      `The key wrapper ${ARN} could not wrap the key (${word}).`,
    );
  });

  it.each<[string, Partial<KeyWrapper>, RegExp]>([
    ['nothing', { wrap: async () => new Uint8Array() }, /1 to 8192 bytes/],
    ['too much', { wrap: async () => new Uint8Array(8_193) }, /1 to 8192 bytes/],
    ['text', { wrap: async () => 'text' as unknown as Uint8Array }, /must answer with a Uint8Array/],
    ['the key as it was', { wrap: async (key) => Uint8Array.from([1, ...key, 2]) }, /did not encrypt the key/],
  ])('is not sealed by a wrapper that answers with %s', async (_, changes, message) => {
    expect(await refusal((await fixtureRing()).seal({ wrapper: twisted(changes) }))).toMatch(message);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a key of 31 bytes', () => KEK.subarray(1), /something that is no key/],
    ['zeros', () => new Uint8Array(32), /something that is no key/],
    ['text', () => 'text', /must answer with a Uint8Array/],
    ['another key', () => KEK, /does not open with this wrapper/],
  ])('does not open when the wrapper answers with %s', async (_, answer, message) => {
    const sealed = await (await fixtureRing()).seal({ wrapper: fakeWrapper(ARN) });
    const wrapper = twisted({ unwrap: async () => answer() as Uint8Array });
    expect(await refusal(KeyRing.unseal(sealed, { wrapper }))).toMatch(message);
  });
});
