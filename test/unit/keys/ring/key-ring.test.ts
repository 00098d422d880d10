import { generateKeyRing } from '../../../../src/keys/ring/rotation.ts';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { checkRing } from '../../../../src/keys/ring/ring-checks.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { RingJwk } from '../../../../src/keys/ring/ring-jwk.ts';
import { RING_KEYS_MAX, RING_REVOKED_KIDS_MAX } from '../../../../src/limits/keys.ts';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';
import { canariesOf, fixtureJwk, fixtureJwks, fixtureRing, standardKeys } from '../../../support/ring-fixtures.ts';

const NOW = Date.UTC(2031, 4, 6, 7, 8, 9);

/** The standard ring, with one member of its first key replaced (or removed). */
function withMember(member: string, value: unknown): unknown {
  const [first, ...rest] = standardKeys();
  return { ...fixtureJwks(), keys: [{ ...first, [member]: value }, ...rest] };
}

function keyOfBytes(bytes: Buffer): unknown {
  const [first, ...rest] = standardKeys();
  return { ...fixtureJwks(), keys: [{ ...first, k: bytes.toString('base64url') }, ...rest] };
}

const [ACTIVE, GCM, , , , INDEX] = standardKeys() as [RingJwk, RingJwk, RingJwk, RingJwk, RingJwk, RingJwk];

const GONE = fixtureJwk('gone', 'XAES-256-GCM', 'revoked');

const REFUSED: [string, unknown, string][] = [
  ['something that is not an object', 'ring', 'must be a JSON Web Key Set'],
  ['a set without keys', { 'holdfast:version': 1 }, 'must have an array of keys'],
  ['too many keys', { 'holdfast:version': 1, keys: Array(RING_KEYS_MAX + 1).fill(ACTIVE) }, 'at most 300 keys'],
  ['no version', { keys: standardKeys() }, '"holdfast:version" must be a positive integer'],
  ['version 0', { ...fixtureJwks(), 'holdfast:version': 0 }, '"holdfast:version" must be a positive integer'],
  ['version "7"', { ...fixtureJwks(), 'holdfast:version': '7' }, '"holdfast:version" must be a positive integer'],
  ['version 1.5', { ...fixtureJwks(), 'holdfast:version': 1.5 }, '"holdfast:version" must be a positive integer'],
  ['a key that is not an object', { ...fixtureJwks(), keys: [null] }, 'keys[0] must be a JSON Web Key'],
  ['another key type', withMember('kty', 'RSA'), 'keys[0]: "kty" must be "oct"'],
  ['an unknown alg', withMember('alg', 'A128GCM'), 'keys[0]: "alg" and "use" must be'],
  ['an alg that does not go with its use', withMember('use', 'sig'), 'keys[0]: "alg" and "use" must be'],
  ['an unknown state', withMember('holdfast:state', 'paused'), 'keys[0]: "holdfast:state" must be one of'],
  ['no state', withMember('holdfast:state', undefined), 'keys[0]: "holdfast:state" must be one of'],
  ['no time of creation', withMember('iat', undefined), 'keys[0]: "iat" must be a whole number of seconds'],
  ['a time of creation in milliseconds', withMember('iat', NOW), 'keys[0]: "iat" must be a whole number of seconds'],
  [
    'an active key that was never activated',
    withMember('holdfast:activated_at', undefined),
    '"holdfast:activated_at" is missing',
  ],
  [
    'a pending key that was activated',
    withMember('holdfast:state', 'pending'),
    '"holdfast:activated_at" must be absent',
  ],
  ['no material', withMember('k', undefined), 'keys[0]: "k" must be 32 bytes'],
  ['material of 31 bytes', keyOfBytes(Buffer.from(ACTIVE.k, 'base64url').subarray(1)), 'keys[0]: "k" must be 32 bytes'],
  [
    'material of 33 bytes',
    keyOfBytes(Buffer.concat([Buffer.from(ACTIVE.k, 'base64url'), Buffer.alloc(1)])),
    '"k" must be 32 bytes',
  ],
  ['material in two spellings', withMember('k', `${ACTIVE.k.slice(0, 42)}B`), 'canonical base64url'],
  ['material that is all one byte', keyOfBytes(Buffer.alloc(32, 7)), 'is not random: too few different bytes'],
  [
    'material that repeats',
    keyOfBytes(Buffer.from('0123456789abcde'.repeat(3).slice(0, 32))),
    'too few different bytes',
  ],
  ['a 32-character passphrase', keyOfBytes(Buffer.from('The quick brown fox jumped dozen')), 'is printable text'],
  ['a kid that is not the thumbprint', withMember('kid', GCM.kid), 'keys[0]: "kid" is not the RFC 7638 thumbprint'],
  ['no kid', withMember('kid', undefined), 'keys[0]: "kid" is not the RFC 7638 thumbprint'],
  ['a key twice', fixtureJwks([...standardKeys(), { ...ACTIVE }]), `lists a key twice (${ACTIVE.kid})`],
  [
    'one key under two algorithms',
    fixtureJwks([...standardKeys(), { ...ACTIVE, alg: 'A256GCM', 'holdfast:state': 'decrypt-only' }]),
    `uses one key under two algorithms (${ACTIVE.kid})`,
  ],
  ['no active data key', fixtureJwks([GCM, INDEX]), 'no active data key'],
  [
    'two active data keys',
    fixtureJwks([ACTIVE, fixtureJwk('x', 'A256GCM', 'active'), INDEX]),
    'more than one active data key',
  ],
  ['no active index key', fixtureJwks([ACTIVE, fixtureJwk('x', 'HS256', 'retired')]), 'no active index key'],
  [
    'two active index keys',
    fixtureJwks([ACTIVE, INDEX, fixtureJwk('x', 'HS256', 'active')]),
    'more than one active index key',
  ],
  ['an empty set', fixtureJwks([]), 'no active data key'],
  [
    'revoked kids that are no array',
    { ...fixtureJwks(), 'holdfast:revoked': {} },
    'must be an array of at most 1000 kids',
  ],
  [
    'too many revoked kids',
    { ...fixtureJwks(), 'holdfast:revoked': Array(RING_REVOKED_KIDS_MAX + 1).fill(GONE.kid) },
    'must be an array of at most 1000 kids',
  ],
  ['a revoked kid that is none', { ...fixtureJwks(), 'holdfast:revoked': [GONE.k.slice(1)] }, 'must hold kids only'],
  ['a revoked kid twice', { ...fixtureJwks(), 'holdfast:revoked': [GONE.kid, GONE.kid] }, 'lists a revoked kid twice'],
  [
    'a key that was revoked and removed before',
    { ...fixtureJwks(), 'holdfast:revoked': [GONE.kid, GCM.kid] },
    `a key that was revoked and removed (${GCM.kid})`,
  ],
];

describe('KeyRing', () => {
  it.each(REFUSED)('refuses %s', async (_, jwks, message) => {
    const error: unknown = await (async () => KeyRing.fromJwks(jwks))().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyRingError);
    expect((error as Error).message).toContain(message);
    const shown = inspect(error, { depth: 10, showHidden: true });
    for (const canary of canariesOf(standardKeys())) expect(shown).not.toContain(canary);
  });

  it('refuses two keys whose thumbprints begin with the same 8 bytes', async () => {
    const { sealingKey, indexKeys } = await fixtureRing();
    const twin = { ...sealingKey, kid: `${sealingKey.kid.slice(0, 11)}${'A'.repeat(32)}`, state: 'pending' as const };
    expect(() => checkRing(1, [sealingKey, twin, indexKeys[0]], [])).toThrow('two keys whose ids begin alike');
  });

  it('generates one active data key and one active index key, version 1', async () => {
    const ring = await generateKeyRing({ platform: new FakePlatform(NOW + 999) });
    const common = {
      kid: expect.stringMatching(/^[\w-]{43}$/) as string,
      state: 'active',
      createdAt: NOW,
      activatedAt: NOW,
    };
    expect(ring.version).toBe(1);
    expect(ring.keys()).toEqual([
      { ...common, use: 'enc', alg: 'XAES-256-GCM' },
      { ...common, use: 'sig', alg: 'HS256' },
    ]);
    expect((await generateKeyRing({ suite: 'A256GCM' })).sealingKey.suite).toBe(1);
  });

  it('generates no key from a random source that is broken', async () => {
    const platform = { ...systemPlatform, fillRandom: (target: Uint8Array): unknown => target.fill(0) };
    await expect(generateKeyRing({ platform })).rejects.toThrow('is not random');
  });

  it('is the same ring after toJwks and fromJwks', async () => {
    const jwks = JSON.parse(JSON.stringify((await fixtureRing()).toJwks())) as unknown;
    expect(jwks).toEqual(fixtureJwks());
    expect(KeyRing.fromJwks(jwks).toJwks()).toEqual(jwks);
  });

  it('ignores members that it does not know, as RFC 7517 asks', async () => {
    const ring = KeyRing.fromJwks(withMember('key_ops', ['encrypt']));
    expect(ring.toJwks()).toEqual(fixtureJwks());
  });

  it('finds a data key in any state by its 8 bytes, and never an index key', async () => {
    const ring = await fixtureRing();
    for (const { kid, state, use } of ring.keys()) {
      const found = ring.dataKey(Buffer.from(kid, 'base64url').subarray(0, 8));
      expect(found?.state).toBe(use === 'enc' ? state : undefined);
    }
    expect(ring.dataKey(Buffer.alloc(8))).toBeUndefined();
    expect(ring.dataKey(Buffer.concat([Buffer.alloc(4), ring.sealingKey.keyId]), 4)).toBe(ring.sealingKey);
  });

  it('asks every index key but the retired ones, the active one first', async () => {
    const states = ['decrypt-only', 'retired', 'active', 'pending', 'revoked'] as const;
    const ring = await fixtureRing([ACTIVE, ...states.map((state) => fixtureJwk(`index ${state}`, 'HS256', state))]);
    expect(ring.indexKeys.map(({ state }) => state)).toEqual(['active', 'decrypt-only', 'pending', 'revoked']);
  });

  it('has a fingerprint of its own for every version, key, state and algorithm, whatever the order of its keys', async () => {
    const one = fixtureJwk('one', 'XAES-256-GCM', 'retired');
    const other = { ...one, alg: 'A256GCM' } as const;
    const revoked = { ...one, 'holdfast:state': 'revoked' } as const;
    const base = [ACTIVE, fixtureJwk('index', 'HS256', 'active')];
    const lists = [[], [one], [other], [revoked]].map((more) => [...base, ...more]);
    const rings = await Promise.all(lists.map((keys) => fixtureRing(keys)));
    const fingerprints = [...rings, rings[0]?.next((keys) => keys)].map((ring) => ring?.fingerprint().toString('hex'));
    expect(new Set(fingerprints).size).toBe(5);
    expect((await fixtureRing([...base, one].toReversed())).fingerprint()).toEqual(rings[1]?.fingerprint());
  });

  it('shows kids and states, and never material, however it is printed', async () => {
    const ring = await fixtureRing();
    const printed = [ring, ring.sealingKey, ring.indexKeys, ring.keys()].flatMap((value) => [
      inspect(value, { depth: 10, showHidden: true }),
      JSON.stringify(value),
    ]);
    expect(JSON.parse(JSON.stringify(ring))).toEqual({
      version: 7,
      revokedKids: [],
      keys: ring.keys().map(({ kid, use, state }) => ({ kid, use, state })),
    });
    expect(inspect(ring)).toBe(`KeyRing ${inspect(ring.toJSON())}`);
    expect(inspect(ring)).toContain(ACTIVE.kid);
    for (const canary of canariesOf(standardKeys())) expect(printed.join('\n')).not.toContain(canary);
  });

  it('cannot be changed', async () => {
    const ring = await fixtureRing();
    expect(() => Object.assign(ring, { version: 8 })).toThrow(TypeError);
    expect(() => Object.assign(ring.sealingKey, { state: 'revoked' })).toThrow(TypeError);
    expect(() => Object.assign(ring.indexKeys, { 0: undefined })).toThrow(TypeError);
  });
});
