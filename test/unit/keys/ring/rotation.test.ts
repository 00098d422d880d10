import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { KeyState } from '../../../../src/keys/ring/ring-key.ts';
import {
  addKey,
  generateKeyRing,
  removeKey,
  replaceKey,
  revokeKey,
  withPromoted,
  withRetired,
} from '../../../../src/keys/ring/rotation.ts';
import { RING_FILE_BYTES_MAX, RING_KEYS_MAX, RING_REVOKED_KIDS_MAX } from '../../../../src/limits/keys.ts';
import { LINEAGE_KEYS_MAX } from '../../../../src/limits/session.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';
import { canariesOf, fixtureJwk, fixtureJwks, fixtureRing, KEK, standardKeys } from '../../../support/ring-fixtures.ts';

const NOW = Date.UTC(2031, 4, 6, 7, 8, 9);
const platform = new FakePlatform(NOW + 500);

function smallRing(...names: string[]): Promise<KeyRing> {
  const pending = names.map((name) => fixtureJwk(name, 'XAES-256-GCM', 'pending'));
  return fixtureRing([
    fixtureJwk('active', 'XAES-256-GCM', 'active'),
    fixtureJwk('index', 'HS256', 'active'),
    ...pending,
  ]);
}

const statesOf = (ring: KeyRing): string[] => ring.keys().map(({ use, state }) => `${use} ${state}`);

/** The kid of the first key of the standard ring in this state. */
function kidOf(ring: KeyRing, state: KeyState, use: 'enc' | 'sig' = 'enc'): string {
  return ring.keys().find((key) => key.state === state && key.use === use)?.kid ?? '';
}

const stateOf = (ring: KeyRing, kid: string): KeyState | undefined => ring.keys().find((key) => key.kid === kid)?.state;

describe('generateKeyRing', () => {
  it('makes one active data key and one active index key, version 1', async () => {
    const ring = await generateKeyRing({ platform });
    expect(statesOf(ring)).toEqual(['enc active', 'sig active']);
    expect(ring.version).toBe(1);
    expect(ring.keys()[0]).toMatchObject({ alg: 'XAES-256-GCM', createdAt: NOW, activatedAt: NOW });
  });

  it('makes a ring of another suite, and one that starts above a ring that was lost', async () => {
    const ring = await generateKeyRing({ suite: 'A256GCM', version: 8 });
    expect(ring.sealingKey.suite).toBe(1);
    expect(ring.version).toBe(8);
  });

  it.each([0, 1.5, Number.NaN])('refuses version %s', async (version) => {
    await expect(generateKeyRing({ version })).rejects.toThrow('must be a positive integer');
  });

  it('refuses a suite that is none', async () => {
    await expect(generateKeyRing({ suite: 'A128GCM' as 'A256GCM' })).rejects.toThrow(KeyRingError);
  });
});

describe('addKey', () => {
  it('refuses a data key that a session could not name any more, until others are removed or revoked', async () => {
    let ring = await generateKeyRing();
    for (let n = 0; n < LINEAGE_KEYS_MAX; n += 1) ring = withPromoted(await addKey(ring));
    await expect(addKey(ring)).rejects.toThrow(/has 17 data keys that are not revoked.*remove those that are retired/);
    const kid = kidOf(ring, 'decrypt-only');
    const retired = withRetired(ring, kid);
    await expect(addKey(retired)).rejects.toThrow(KeyRingError);
    for (const smaller of [removeKey(retired, { kid }), revokeKey(ring, { kid })]) {
      expect((await addKey(smaller)).version).toBe(smaller.version + 1);
    }
    expect((await replaceKey(ring, { kid: ring.sealingKey.kid })).version).toBe(ring.version + 1);
    expect((await addKey(ring, { use: 'index' })).version).toBe(ring.version + 1);
  });

  it('adds a pending data key that seals nothing, one version later', async () => {
    const ring = await smallRing();
    const next = await addKey(ring, { platform });
    expect(statesOf(next)).toEqual(['enc active', 'sig active', 'enc pending']);
    expect(next.keys()[2]).toMatchObject({ alg: 'XAES-256-GCM', createdAt: NOW, activatedAt: undefined });
    expect(next.version).toBe(ring.version + 1);
    expect(next.sealingKey).toBe(ring.sealingKey);
    expect(statesOf(ring)).toEqual(['enc active', 'sig active']);
  });

  it('returns a ring with a pending data key as it is, so that it can be run again after a crash', async () => {
    const ring = await addKey(await smallRing());
    expect(await addKey(ring)).toBe(ring);
    expect(await addKey(ring, { suite: 'A256GCM' })).toBe(ring);
  });

  it('keeps the suite in use unless another is given', async () => {
    const gcm = await fixtureRing([fixtureJwk('active', 'A256GCM', 'active'), fixtureJwk('index', 'HS256', 'active')]);
    expect((await addKey(gcm)).keys()[2]?.alg).toBe('A256GCM');
    expect((await addKey(gcm, { suite: 'XAES-256-GCM' })).keys()[2]?.alg).toBe('XAES-256-GCM');
  });

  it('adds a pending index key on request, beside a pending data key', async () => {
    const ring = await addKey(await smallRing('one'), { use: 'index', platform });
    expect(statesOf(ring)).toEqual(['enc active', 'sig active', 'enc pending', 'sig pending']);
    expect(await addKey(ring, { use: 'index' })).toBe(ring);
    expect(ring.indexKeys.map(({ state }) => state)).toEqual(['active', 'pending']);
  });

  it('refuses an index key with a suite, and a use that is none', async () => {
    const ring = await smallRing();
    await expect(addKey(ring, { use: 'index', suite: 'A256GCM' })).rejects.toThrow('An index key has no suite');
    await expect(addKey(ring, { use: 'enc' as 'data' })).rejects.toThrow('must be "data" or "index"');
  });
});

describe('withPromoted, for data keys', () => {
  it('makes the pending key seal and the one before it open only, one version later', async () => {
    const ring = await addKey(await smallRing());
    const next = withPromoted(ring, {}, platform);
    expect(statesOf(next)).toEqual(['enc decrypt-only', 'sig active', 'enc active']);
    expect(next.sealingKey.kid).toBe(ring.keys()[2]?.kid);
    expect(next.sealingKey.activatedAt).toBe(NOW);
    expect(next.version).toBe(ring.version + 1);
  });

  it('survives being saved and read again', async () => {
    const next = withPromoted(await addKey(await smallRing()));
    expect((await fixtureRing([...next.toJwks().keys])).keys()).toEqual(next.keys());
  });

  it('does nothing if the given key is active already', async () => {
    const next = withPromoted(await addKey(await smallRing()));
    expect(withPromoted(next, { kid: next.sealingKey.kid })).toBe(next);
  });

  it('promotes the given one of several pending kids, and refuses to choose', async () => {
    const ring = await smallRing('one', 'two');
    const [, , , two] = ring.keys();
    expect(withPromoted(ring, { kid: two?.kid }).sealingKey.kid).toBe(two?.kid);
    expect(() => withPromoted(ring)).toThrow('several pending data keys');
  });

  it.each([
    ['no key is pending', [], undefined, 'no pending data key'],
    ['the kid is unknown', ['one'], 'A'.repeat(43), 'no key with this kid'],
    ['the kid is none', ['one'], 'nobody', '43 characters of a thumbprint'],
  ])('refuses when %s', async (_, names, kid, message) => {
    const ring = await smallRing(...names);
    expect(() => withPromoted(ring, { kid })).toThrow(KeyRingError);
    expect(() => withPromoted(ring, { kid })).toThrow(message);
  });

  it('does not promote an index key', async () => {
    const ring = await fixtureRing([
      fixtureJwk('active', 'XAES-256-GCM', 'active'),
      fixtureJwk('index', 'HS256', 'active'),
      fixtureJwk('next index', 'HS256', 'pending'),
    ]);
    expect(() => withPromoted(ring, { kid: ring.keys()[2]?.kid, use: 'data' })).toThrow('This is no data key');
  });
});

describe('withPromoted', () => {
  const withIndex = (): Promise<KeyRing> =>
    fixtureRing([
      fixtureJwk('active', 'XAES-256-GCM', 'active'),
      fixtureJwk('index', 'HS256', 'active'),
      fixtureJwk('next', 'XAES-256-GCM', 'pending'),
      fixtureJwk('next index', 'HS256', 'pending'),
    ]);

  it('promotes the pending index key and leaves the data keys alone', async () => {
    const ring = await withIndex();
    const next = withPromoted(ring, { use: 'index' }, platform);
    expect(statesOf(next)).toEqual(['enc active', 'sig decrypt-only', 'enc pending', 'sig active']);
    expect(next.indexKeys.map(({ state }) => state)).toEqual(['active', 'decrypt-only']);
    expect(next.keys()[3]?.activatedAt).toBe(NOW);
    expect(next.version).toBe(ring.version + 1);
    expect(withPromoted(next, { use: 'index', kid: kidOf(next, 'active', 'sig') })).toBe(next);
  });

  it('takes the use from the kid, and promotes a data key by default', async () => {
    const ring = await withIndex();
    expect(statesOf(withPromoted(ring, { kid: kidOf(ring, 'pending', 'sig') }))).toContain('sig decrypt-only');
    expect(statesOf(withPromoted(ring))).toContain('enc decrypt-only');
  });

  it.each<KeyState>(['decrypt-only', 'retired', 'revoked'])('never makes a %s key seal again', async (state) => {
    const ring = await fixtureRing();
    expect(() => withPromoted(ring, { kid: kidOf(ring, state) })).toThrow(`this one is ${state}`);
  });
});

describe('withRetired', () => {
  it('retires a decrypt-only key of either use, one version later, and once', async () => {
    const ring = await fixtureRing();
    for (const use of ['enc', 'sig'] as const) {
      const kid = kidOf(ring, 'decrypt-only', use);
      const next = withRetired(ring, kid);
      expect(stateOf(next, kid)).toBe('retired');
      expect(next.version).toBe(ring.version + 1);
      expect(withRetired(next, kid)).toBe(next);
    }
  });

  it.each<KeyState>(['active', 'pending', 'revoked'])('refuses a key that is %s', async (state) => {
    const ring = await fixtureRing();
    expect(() => withRetired(ring, kidOf(ring, state))).toThrow(`this one is ${state}`);
  });
});

describe('revokeKey', () => {
  it.each<KeyState>(['pending', 'decrypt-only', 'retired'])(
    'revokes a %s key, one version later, and once',
    async (state) => {
      const ring = await fixtureRing();
      const kid = kidOf(ring, state);
      const next = revokeKey(ring, { kid });
      expect(stateOf(next, kid)).toBe('revoked');
      expect(next.version).toBe(ring.version + 1);
      expect(revokeKey(next, { kid })).toBe(next);
      expect((await fixtureRing([...next.toJwks().keys])).keys()).toEqual(next.keys());
    },
  );

  it('refuses the active key of either use: something has to seal', async () => {
    const ring = await fixtureRing();
    for (const use of ['enc', 'sig'] as const) {
      expect(() => revokeKey(ring, { kid: kidOf(ring, 'active', use) })).toThrow('replace it');
    }
  });

  it('revokes a key that was removed before the leak was known, if `removed` is set', async () => {
    const ring = await fixtureRing();
    const kid = kidOf(ring, 'retired');
    const removed = removeKey(ring, { kid });
    expect(() => revokeKey(removed, { kid })).toThrow('no key with this kid');
    const revoked = revokeKey(removed, { kid, removed: true });
    expect(revoked.version).toBe(removed.version + 1);
    expect(revoked.revokedKids).toEqual([kid]);
    expect(revokeKey(revoked, { kid, removed: true })).toBe(revoked);
    expect(() => revokeKey(ring, { kid: ring.sealingKey.kid, removed: true })).toThrow('replace it');
    expect(() => revokeKey(ring, { kid: 'hunter2', removed: true })).toThrow('43 characters');
  });
});

describe('replaceKey', () => {
  it.each(['enc', 'sig'] as const)(
    'revokes the active key of use %s and activates a fresh one, in one version',
    async (use) => {
      const ring = await fixtureRing();
      const kid = kidOf(ring, 'active', use);
      const next = await replaceKey(ring, { kid, platform });
      expect(next.version).toBe(ring.version + 1);
      expect(stateOf(next, kid)).toBe('revoked');
      const fresh = next.keys().at(-1);
      expect(fresh).toMatchObject({ use, state: 'active', createdAt: NOW, activatedAt: NOW });
      expect(fresh?.alg).toBe(ring.keys().find((key) => key.kid === kid)?.alg);
      expect(ring.keys().map((key) => key.kid)).not.toContain(fresh?.kid);
      expect(next.isRevoked(Buffer.from(kid, 'base64url'))).toBe(true);
      expect(await replaceKey(next, { kid })).toBe(next);
    },
  );

  it('never takes a pending key for the fresh one: it was in the same file', async () => {
    const ring = await smallRing('pending');
    const next = await replaceKey(ring, { kid: ring.sealingKey.kid });
    expect(stateOf(next, kidOf(ring, 'pending'))).toBe('pending');
  });

  it('changes the suite of a data key, and has none for an index key', async () => {
    const ring = await fixtureRing();
    const next = await replaceKey(ring, { kid: ring.sealingKey.kid, suite: 'A256GCM' });
    expect(next.sealingKey.suite).toBe(1);
    const kid = kidOf(ring, 'active', 'sig');
    await expect(replaceKey(ring, { kid, suite: 'A256GCM' })).rejects.toThrow('An index key has no suite');
  });

  it('leaves a ring as it is in which the key is revoked, removed or not', async () => {
    const ring = await fixtureRing();
    const kid = kidOf(ring, 'revoked');
    expect(await replaceKey(ring, { kid })).toBe(ring);
    const removed = removeKey(ring, { kid });
    expect(await replaceKey(removed, { kid })).toBe(removed);
  });

  it.each<KeyState>(['pending', 'decrypt-only', 'retired'])('refuses a key that is %s', async (state) => {
    const ring = await fixtureRing();
    await expect(replaceKey(ring, { kid: kidOf(ring, state) })).rejects.toThrow(`this one is ${state}: revoke it`);
  });
});

it.each<[string, (ring: KeyRing, options: never) => unknown]>([
  ['addKey', addKey],
  ['replaceKey', replaceKey],
  ['revokeKey', revokeKey],
  ['removeKey', removeKey],
  ['generateKeyRing', (_, options) => generateKeyRing(options)],
])('%s refuses an option that nobody knows, and names it', async (name, change) => {
  const ring = await fixtureRing();
  await expect(async () => change(ring, { forse: true } as never)).rejects.toThrow(
    new RegExp(`^${name} options: unknown option 'forse'; expected `),
  );
});

describe('removeKey', () => {
  it.each<KeyState>(['retired', 'revoked'])(
    'drops a %s key with its material, one version later, and once',
    async (state) => {
      const ring = await fixtureRing();
      const kid = kidOf(ring, state);
      const [{ k } = { k: '' }] = standardKeys().filter((key) => key.kid === kid);
      const next = removeKey(ring, { kid });
      expect(stateOf(next, kid)).toBeUndefined();
      expect(JSON.stringify(ring.toJwks())).toContain(k);
      expect(JSON.stringify(next.toJwks())).not.toContain(k);
      expect(next.version).toBe(ring.version + 1);
      expect(removeKey(next, { kid })).toBe(next);
    },
  );

  it('remembers a revoked key without its material, in the saved ring and in what is made of it', async () => {
    const ring = await fixtureRing();
    const [retired, revoked] = [kidOf(ring, 'retired'), kidOf(ring, 'revoked')];
    const removed = removeKey(removeKey(ring, { kid: retired }), { kid: revoked });
    const loaded = KeyRing.fromJwks(JSON.parse(JSON.stringify(removed.toJwks())));
    for (const each of [removed, loaded, await addKey(loaded, { use: 'index' })]) {
      expect(each.revokedKids).toEqual([revoked]);
      expect(each.isRevoked(Buffer.from(revoked, 'base64url'))).toBe(true);
      expect(each.isRevoked(Buffer.concat([Buffer.alloc(4), Buffer.from(revoked, 'base64url')]), 4)).toBe(true);
      expect(each.isRevoked(Buffer.from(retired, 'base64url'))).toBe(false);
    }
    expect(loaded.fingerprint()).toEqual(removed.fingerprint());
    expect(revokeKey(loaded, { kid: revoked })).toBe(loaded);
    expect(removeKey(loaded, { kid: revoked })).toBe(loaded);
    expect(inspect(loaded)).toContain(revoked);
  });

  it('gives a ring that remembers a revoked key another fingerprint', async () => {
    const ring = await fixtureRing();
    const removed = removeKey(ring, { kid: kidOf(ring, 'revoked') });
    const { 'holdfast:revoked': _, ...forgetful } = removed.toJwks();
    expect(KeyRing.fromJwks(forgetful).fingerprint()).not.toEqual(removed.fingerprint());
  });

  it('keeps a revoked key that it could not remember', async () => {
    const kids = Array.from(
      { length: RING_REVOKED_KIDS_MAX },
      (_, n) => fixtureJwk(`gone ${n}`, 'HS256', 'revoked').kid,
    );
    const ring = KeyRing.fromJwks({ ...fixtureJwks(), 'holdfast:revoked': kids });
    expect(() => removeKey(ring, { kid: kidOf(ring, 'revoked') })).toThrow('remembers 1000 revoked keys already');
    expect(removeKey(ring, { kid: kidOf(ring, 'retired') }).revokedKids).toHaveLength(RING_REVOKED_KIDS_MAX);
    expect((await ring.seal({ kek: KEK })).length).toBeLessThan(RING_FILE_BYTES_MAX);
  });

  it.each<KeyState>(['active', 'pending', 'decrypt-only'])('refuses a key that is %s', async (state) => {
    const ring = await fixtureRing();
    expect(() => removeKey(ring, { kid: kidOf(ring, state) })).toThrow(`this one is ${state}`);
  });
});

it('makes no ring with more keys than a saved one may have', async () => {
  let ring = await generateKeyRing();
  const grow = async (): Promise<void> => {
    ring = await replaceKey(ring, { kid: ring.sealingKey.kid });
  };
  while (ring.keys().length < RING_KEYS_MAX) await grow();
  expect(KeyRing.fromJwks(ring.toJwks()).version).toBe(ring.version);
  await expect(grow()).rejects.toThrow(/at most 300 keys: remove/);
  await expect(addKey(ring, { use: 'index' })).rejects.toThrow(/at most 300 keys: remove/);
  const revoked = ring.keys().find(({ state }) => state === 'revoked')?.kid ?? '';
  ring = removeKey(ring, { kid: revoked });
  await grow();
  expect(ring.keys()).toHaveLength(RING_KEYS_MAX);
});

it('no transition repeats a kid that the ring does not know: it may be material that was given by mistake', async () => {
  const ring = await fixtureRing();
  const [{ k: material } = { k: '' }] = standardKeys();
  const revoked = (from: KeyRing, kid: string): KeyRing => revokeKey(from, { kid });
  const promoted = (from: KeyRing, kid: string): KeyRing => withPromoted(from, { kid });
  for (const change of [withRetired, revoked, promoted]) {
    let message = '';
    try {
      change(ring, material);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('no key with this kid');
    for (const canary of canariesOf(standardKeys())) expect(message).not.toContain(canary);
  }
});
