import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../src/errors.ts';
import type { KeyRing } from '../../../src/keys/key-ring.ts';
import { addKey, promoteKey } from '../../../src/keys/rotation.ts';
import { FakePlatform } from '../../support/fake-platform.ts';
import { fixtureJwk, fixtureRing } from '../../support/ring-fixtures.ts';

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

describe('addKey', () => {
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

  it('keeps the suite in use unless it is told another', async () => {
    const gcm = await fixtureRing([fixtureJwk('active', 'A256GCM', 'active'), fixtureJwk('index', 'HS256', 'active')]);
    expect((await addKey(gcm)).keys()[2]?.alg).toBe('A256GCM');
    expect((await addKey(gcm, { suite: 'XAES-256-GCM' })).keys()[2]?.alg).toBe('XAES-256-GCM');
  });
});

describe('promoteKey', () => {
  it('makes the pending key seal and the one before it open only, one version later', async () => {
    const ring = await addKey(await smallRing());
    const next = promoteKey(ring, undefined, platform);
    expect(statesOf(next)).toEqual(['enc decrypt-only', 'sig active', 'enc active']);
    expect(next.sealingKey.kid).toBe(ring.keys()[2]?.kid);
    expect(next.sealingKey.activatedAt).toBe(NOW);
    expect(next.version).toBe(ring.version + 1);
  });

  it('survives being saved and read again', async () => {
    const next = promoteKey(await addKey(await smallRing()));
    expect((await fixtureRing([...next.toJwks().keys])).keys()).toEqual(next.keys());
  });

  it('does nothing when the key it is told is active already', async () => {
    const next = promoteKey(await addKey(await smallRing()));
    expect(promoteKey(next, next.sealingKey.kid)).toBe(next);
  });

  it('promotes the kid that it is told among several pending ones, and asks when told none', async () => {
    const ring = await smallRing('one', 'two');
    const [, , , two] = ring.keys();
    expect(promoteKey(ring, two?.kid).sealingKey.kid).toBe(two?.kid);
    expect(() => promoteKey(ring)).toThrow('several pending data keys');
  });

  it.each([
    ['no key is pending', [], undefined, 'no pending data key'],
    ['the kid is unknown', ['one'], 'nobody', 'No pending data key of the key ring has this kid'],
  ])('refuses when %s', async (_, names, kid, message) => {
    const ring = await smallRing(...names);
    expect(() => promoteKey(ring, kid)).toThrow(KeyRingError);
    expect(() => promoteKey(ring, kid)).toThrow(message);
  });

  it('does not promote an index key', async () => {
    const ring = await fixtureRing([
      fixtureJwk('active', 'XAES-256-GCM', 'active'),
      fixtureJwk('index', 'HS256', 'active'),
      fixtureJwk('next index', 'HS256', 'pending'),
    ]);
    expect(() => promoteKey(ring, ring.keys()[2]?.kid)).toThrow('no pending data key');
  });
});
