import { hash } from 'node:crypto';
import { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { DataKeyAlgorithm, KeyState } from '../../src/keys/ring/ring-key.ts';
import type { RingJwk } from '../../src/keys/ring/ring-jwk.ts';

/** 1 January 2030, in seconds. */
const MADE_AT = 1_893_456_000;

/** A key whose material is the SHA-256 of its name: the same in every run, and worthless elsewhere. */
export function fixtureJwk(name: string, alg: DataKeyAlgorithm | 'HS256', state: KeyState): RingJwk {
  const k = hash('sha256', `holdfast test key: ${name}`, 'buffer').toString('base64url');
  return {
    kty: 'oct',
    k,
    alg,
    use: alg === 'HS256' ? 'sig' : 'enc',
    kid: hash('sha256', `{"k":"${k}","kty":"oct"}`, 'base64url'),
    iat: MADE_AT,
    'holdfast:state': state,
    ...(state === 'active' || state === 'decrypt-only' ? { 'holdfast:activated_at': MADE_AT } : {}),
  };
}

export function fixtureJwks(keys: readonly RingJwk[] = standardKeys()): {
  'holdfast:version': number;
  keys: RingJwk[];
} {
  return { 'holdfast:version': 7, keys: [...keys] };
}

/** One data key in each state, suite 1 among them, and two index keys. */
export function standardKeys(): RingJwk[] {
  return [
    fixtureJwk('active', 'XAES-256-GCM', 'active'),
    fixtureJwk('decrypt-only suite 1', 'A256GCM', 'decrypt-only'),
    fixtureJwk('pending', 'XAES-256-GCM', 'pending'),
    fixtureJwk('retired', 'XAES-256-GCM', 'retired'),
    fixtureJwk('revoked', 'XAES-256-GCM', 'revoked'),
    fixtureJwk('index', 'HS256', 'active'),
    fixtureJwk('index before', 'HS256', 'decrypt-only'),
  ];
}

export async function fixtureRing(keys: readonly RingJwk[] = standardKeys()): Promise<KeyRing> {
  return KeyRing.fromJwks(fixtureJwks(keys));
}

/** A key-encryption key for tests. */
export const KEK: Buffer = hash('sha256', 'holdfast test key: kek', 'buffer');

/** Every twelve-character piece of the material of a ring, as base64url and as hexadecimal: none may ever be seen. */
export function canariesOf(keys: readonly RingJwk[]): string[] {
  const spellings = keys.flatMap(({ k }) => [k, Buffer.from(k, 'base64url').toString('hex')]);
  return spellings.flatMap((text) => Array.from({ length: text.length - 11 }, (_, at) => text.slice(at, at + 12)));
}
