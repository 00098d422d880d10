import fc from 'fast-check';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyRingError } from '../../src/errors.ts';
import { KeyRing } from '../../src/keys/ring/key-ring.ts';
import { fuzzRings } from '../fuzz/ring-fuzzer.ts';
import { canariesOf, fixtureJwks, fixtureRing, KEK, standardKeys } from '../support/ring-fixtures.ts';

const CANARIES = canariesOf(standardKeys());
/** The only members that may hold material in a ring that is whole; elsewhere it is somebody's mistake. */
const MATERIAL = standardKeys().map(({ k }) => k);

async function expectTypedRefusal(load: () => KeyRing | Promise<KeyRing>): Promise<'loaded' | 'refused'> {
  try {
    await load();
    return 'loaded';
  } catch (error) {
    expect(error).toBeInstanceOf(KeyRingError);
    const shown = inspect(error, { depth: 10, showHidden: true });
    for (const canary of CANARIES) if (shown.includes(canary)) expect.fail('A piece of key material is in the error.');
    return 'refused';
  }
}

type Members = Record<string, unknown>;

const strange = fc.oneof(
  fc.anything(),
  fc.constantFrom(...MATERIAL),
  fc.constantFrom('active', 'pending', 'revoked', 'HS256', 'A256GCM', 'enc', 'sig', 0, -1, 2 ** 60, ''),
);

/** A ring of which one to three members, of the set or of a key, are replaced. */
const mutatedJwks = fc
  .array(
    fc.record({
      at: fc.integer({ min: -1, max: standardKeys().length - 1 }),
      member: fc.constantFrom(
        'kty',
        'k',
        'alg',
        'use',
        'kid',
        'iat',
        'holdfast:state',
        'holdfast:activated_at',
        'keys',
        'holdfast:version',
        'holdfast:revoked',
      ),
      value: strange,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((changes) => {
    const jwks = structuredClone(fixtureJwks()) as unknown as Members & { keys: Members[] };
    for (const { at, member, value } of changes) {
      const target = at < 0 || !Array.isArray(jwks.keys) ? jwks : jwks.keys[at];
      if (typeof target === 'object' && target !== null) target[member] = value;
    }
    return jwks;
  });

describe('a key ring that was altered', () => {
  let sealed: string;

  beforeAll(async () => {
    sealed = await (await fixtureRing()).seal({ kek: KEK });
  });

  it('fails with a KeyRingError that shows no material, whichever members were replaced', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutatedJwks, async (jwks) => {
        if ((await expectTypedRefusal(() => KeyRing.fromJwks(jwks))) === 'refused') refused += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('never opens from a sealed file in which a character was changed, removed or added', async () => {
    const edit = fc.record({
      at: fc.nat(sealed.length - 1),
      remove: fc.nat(2),
      add: fc.string({ unit: fc.constantFrom(...'AZaz09-_.= {"\0é'), maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, remove, add }) => {
        const altered = sealed.slice(0, at) + add + sealed.slice(at + remove);
        fc.pre(altered.trim() !== sealed);
        expect(await expectTypedRefusal(() => KeyRing.unseal(altered, { kek: KEK }))).toBe('refused');
      }),
      { numRuns: 600 },
    );
  });

  it('never opens from a sealed file that was cut', async () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(await expectTypedRefusal(() => KeyRing.unseal(sealed.slice(0, length), { kek: KEK }))).toBe('refused');
    }
  });

  it('fails with a KeyRingError when it is anything at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (value) => {
        expect(await expectTypedRefusal(() => KeyRing.fromJwks(value))).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });
});

it('no mutated ring file opens, for one opener or several, and no error shows what is in it', async () => {
  const tally = await fuzzRings({ count: 4_000, seed: 1 });
  expect(tally.mutations).toHaveLength(8);
  expect(tally.outcomes.length).toBeGreaterThan(12);
});
