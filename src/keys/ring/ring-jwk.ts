import { KeyRingError } from '../../errors.ts';
import { KEY_BYTES, RING_REVOKED_KIDS_MAX } from '../../limits/keys.ts';
import { randomBytes, type Platform } from '../../platform/platform.ts';
import {
  decodeMaterial,
  encodeMaterial,
  intoSecret,
  isKid,
  keyIdOf,
  thumbprintOf,
  weaknessOf,
} from './key-material.ts';
import { algorithmOf, SUITE_OF, type DataKeyAlgorithm, type KeyState, type RingKey } from './ring-key.ts';

/** A member of a ring's `keys`: an RFC 7517 octet key with two members of our own. It holds material. */
export interface RingJwk {
  readonly kty: 'oct';
  readonly k: string;
  readonly alg: DataKeyAlgorithm | 'HS256';
  readonly use: 'enc' | 'sig';
  readonly kid: string;
  /** The creation time, in seconds since the epoch. */
  readonly iat: number;
  readonly 'holdfast:state': KeyState;
  /** The time of promotion, in seconds since the epoch. Absent from a key that was never promoted. */
  readonly 'holdfast:activated_at'?: number;
}

const STATES: readonly KeyState[] = ['pending', 'active', 'decrypt-only', 'retired', 'revoked'];

/** The year 9999 in seconds: a larger value is in milliseconds. */
const SECONDS_MAX = 253_402_300_799;

/** Reads one JWK. Errors name the place and the member, never a value: any member may hold material by mistake. */
export function importRingJwk(jwk: unknown, where: string): RingKey {
  if (!isObject(jwk)) throw new KeyRingError(`${where} must be a JSON Web Key.`);
  if (jwk['kty'] !== 'oct') throw new KeyRingError(`${where}: "kty" must be "oct".`);
  const { alg, use } = readUse(jwk, where);
  const state = readState(jwk['holdfast:state'], where);
  const createdAt = readSeconds(jwk['iat'], `${where}: "iat"`);
  const activatedAt = readActivation(jwk['holdfast:activated_at'], state, where);
  const { kid, secret } = readMaterial(jwk, where);
  const common = {
    kid,
    keyId: keyIdOf(kid),
    state,
    secret,
    createdAt,
    activatedAt,
  };
  return Object.freeze(use === 'enc' ? { ...common, use, suite: SUITE_OF[alg] } : { ...common, use });
}

/**
 * Reads the kids of revoked keys that were removed; absent means none. Errors repeat none: it may be material by
 * mistake.
 */
export function readRevokedKids(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const where = 'Key ring: "holdfast:revoked"';
  if (!Array.isArray(value) || value.length > RING_REVOKED_KIDS_MAX) {
    throw new KeyRingError(`${where} must be an array of at most ${RING_REVOKED_KIDS_MAX} kids.`);
  }
  if (value.every(isKid)) return value;
  throw new KeyRingError(`${where} must hold kids only: 43 characters of canonical base64url.`);
}

/** Returns the JWK of a key, with its material. */
export function exportRingJwk(key: RingKey): RingJwk {
  return {
    kty: 'oct',
    k: encodeMaterial(key.secret),
    alg: algorithmOf(key),
    use: key.use,
    kid: key.kid,
    iat: key.createdAt / 1000,
    'holdfast:state': key.state,
    ...(key.activatedAt === undefined ? {} : { 'holdfast:activated_at': key.activatedAt / 1000 }),
  };
}

/** Returns a fresh key from 256 random bits. */
export function newRingKey(alg: DataKeyAlgorithm | 'HS256', state: 'active' | 'pending', platform: Platform): RingKey {
  const k = intoText(randomBytes(platform, KEY_BYTES));
  const iat = Math.floor(platform.now() / 1000);
  const jwk: RingJwk = {
    kty: 'oct',
    k,
    alg,
    use: alg === 'HS256' ? 'sig' : 'enc',
    kid: thumbprintOf(k),
    iat,
    'holdfast:state': state,
    ...(state === 'active' ? { 'holdfast:activated_at': iat } : {}),
  };
  return importRingJwk(jwk, 'A new key');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function intoText(bytes: Buffer): string {
  const text = bytes.toString('base64url');
  bytes.fill(0);
  return text;
}

type Use = { readonly alg: DataKeyAlgorithm; readonly use: 'enc' } | { readonly alg: 'HS256'; readonly use: 'sig' };

function readUse(jwk: Readonly<Record<string, unknown>>, where: string): Use {
  const { alg, use } = jwk;
  if (alg === 'HS256' && use === 'sig') return { alg, use };
  if ((alg === 'XAES-256-GCM' || alg === 'A256GCM') && use === 'enc') return { alg, use };
  throw new KeyRingError(
    `${where}: "alg" and "use" must be "XAES-256-GCM" or "A256GCM" with "enc", or "HS256" with "sig".`,
  );
}

function readState(value: unknown, where: string): KeyState {
  const state = STATES.find((name) => name === value);
  if (state === undefined) throw new KeyRingError(`${where}: "holdfast:state" must be one of ${STATES.join(', ')}.`);
  return state;
}

function readSeconds(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > SECONDS_MAX) {
    throw new KeyRingError(`${what} must be a whole number of seconds since the epoch.`);
  }
  return (value as number) * 1000;
}

/** Reads the activation time. Its presence must agree with the state, since only promotion sets it. */
function readActivation(value: unknown, state: KeyState, where: string): number | undefined {
  const what = `${where}: "holdfast:activated_at"`;
  if (value !== undefined) {
    if (state === 'pending') throw new KeyRingError(`${what} must be absent from a pending key.`);
    return readSeconds(value, what);
  }
  if (state === 'active' || state === 'decrypt-only') throw new KeyRingError(`${what} is missing.`);
  return undefined;
}

function readMaterial(jwk: Readonly<Record<string, unknown>>, where: string): Pick<RingKey, 'kid' | 'secret'> {
  const { k, kid } = jwk;
  const bytes = decodeMaterial(k);
  if (bytes === undefined) throw new KeyRingError(`${where}: "k" must be ${KEY_BYTES} bytes in canonical base64url.`);
  const weakness = weaknessOf(bytes);
  if (weakness !== undefined) throw new KeyRingError(`${where}: the key ${weakness}.`);
  // Recomputed, so that two different keys under one kid (two environments, one copied name) cannot be loaded.
  if (kid !== thumbprintOf(k as string)) {
    throw new KeyRingError(`${where}: "kid" is not the RFC 7638 thumbprint of the key.`);
  }
  return { kid, secret: intoSecret(bytes) };
}
