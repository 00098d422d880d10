import { KeyRingError } from '../../errors.ts';
import { RING_REVOKED_KIDS_MAX } from '../../limits/keys.ts';
import { LINEAGE_KEYS_MAX } from '../../limits/session.ts';
import { requireOptions } from '../../option-checks.ts';
import { systemPlatform, type Platform } from '../../platform/platform.ts';
import { isKid } from './key-material.ts';
import { KeyRing } from './key-ring.ts';
import { newRingKey } from './ring-jwk.ts';
import {
  ALGORITHM_OF,
  USE_OF,
  type DataKeyAlgorithm,
  type KeyInfo,
  type KeyPurpose,
  type KeyState,
  type RingKey,
} from './ring-key.ts';

export interface GenerateKeyRingOptions {
  /** @defaultValue 'XAES-256-GCM' */
  readonly suite?: DataKeyAlgorithm;
  /** The version of the new ring. A ring that replaces a lost one has to start above it. @defaultValue 1 */
  readonly version?: number;
  readonly platform?: Platform;
}

/** A new ring: one active data key and one active index key. Throws `KeyRingError` for a suite or version that is none. */
export async function generateKeyRing(options: GenerateKeyRingOptions = {}): Promise<KeyRing> {
  const given = requireOptions('generateKeyRing options', options, ['suite', 'version', 'platform']);
  const { suite = 'XAES-256-GCM', version = 1, platform = systemPlatform } = given;
  const keys = [newRingKey(suite, 'active', platform), newRingKey('HS256', 'active', platform)];
  return new KeyRing(version, keys);
}

export interface AddKeyOptions {
  /** @defaultValue 'data' */
  readonly use?: KeyPurpose;
  /** Of a data key only. @defaultValue the suite of the key that is active now */
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

/**
 * The first half of a rotation: a ring with one more key, pending, so that every node can open what it will seal before any
 * node seals with it. A ring that has a pending key of this use already is returned as it is, so that a rotation which crashed
 * can simply be run again. Throws `KeyRingError` where a session could descend from more keys than its envelope can name.
 */
export async function addKey(ring: KeyRing, options: AddKeyOptions = {}): Promise<KeyRing> {
  const given = requireOptions('addKey options', options, ['use', 'suite', 'platform']);
  const { use = 'data', suite, platform = systemPlatform } = given;
  checkPurpose(use);
  if (use === 'index' && suite !== undefined) throw new KeyRingError('An index key has no suite: leave it out.');
  if (pendingKeys(ring, use).length > 0) return ring;
  if (use === 'data') checkRoom(ring);
  const alg = use === 'index' ? 'HS256' : (suite ?? ALGORITHM_OF[ring.sealingKey.suite]);
  const key = newRingKey(alg, 'pending', platform);
  return ring.next((keys) => [...keys, key]);
}

/** A session with more keys in its lineage could not be written any more. Better that a rotation waits. */
function checkRoom(ring: KeyRing): void {
  const inUse = ring.keys().filter((key) => key.use === USE_OF.data && key.state !== 'revoked');
  if (inUse.length <= LINEAGE_KEYS_MAX) return;
  throw new KeyRingError(
    `The key ring has ${inUse.length} data keys that are not revoked, and an envelope can name no more: remove those that are retired.`,
  );
}

export interface PromotionChoice {
  /** Chooses among several pending keys. */
  readonly kid?: string | undefined;
  /** @defaultValue that of the key with this kid; without a kid, 'data' */
  readonly use?: KeyPurpose | undefined;
}

/**
 * @internal The second half: the pending key becomes active, the active one of its use decrypt-only. Says nothing about the
 * fleet: a node without the key cannot open what this ring seals. A kid that is active already leaves the ring as it is.
 */
export function withPromoted(
  ring: KeyRing,
  choice: PromotionChoice = {},
  platform: Platform = systemPlatform,
): KeyRing {
  const chosen = choosePending(ring, choice);
  if (chosen.state === 'active') return ring;
  const activatedAt = Math.floor(platform.now() / 1000) * 1000;
  return ring.next((keys) =>
    keys.map((key) => {
      if (key.kid === chosen.kid) return Object.freeze({ ...key, state: 'active', activatedAt });
      if (key.use === chosen.use && key.state === 'active') return Object.freeze({ ...key, state: 'decrypt-only' });
      return key;
    }),
  );
}

/**
 * @internal The decrypt-only key becomes retired: nothing opens under it, but it stays in the ring. Says nothing about the
 * sessions that it still seals. A key that is retired already leaves the ring as it is.
 */
export function withRetired(ring: KeyRing, kid: string): KeyRing {
  const { state } = keyOf(ring, kid);
  if (state === 'retired') return ring;
  if (state !== 'decrypt-only') {
    throw new KeyRingError(`Only a decrypt-only key can be retired, and this one is ${state} (${kid}).`);
  }
  return withState(ring, kid, 'retired');
}

export interface KeyChoice {
  readonly kid: string;
}

export interface RevokeKeyOptions extends KeyChoice {
  /** The ring has the key no more; its kid is remembered as revoked all the same. @defaultValue false */
  readonly removed?: boolean;
}

/**
 * The key is refused from now on, wherever this ring is: what it sealed opens no more, nor does any session that descends from
 * that, so their users are logged out. For a key that may be in other hands; the rest is `retireKey`. Throws `KeyRingError` for a
 * key that is active (`replaceKey`), or that the ring lacks unless `removed` says so; one that is revoked already, removed or
 * not, leaves the ring as it is. Nodes refuse the key once they have the ring: see `waitForNodes`.
 */
export function revokeKey(ring: KeyRing, options: RevokeKeyOptions): KeyRing {
  const { kid, removed = false } = requireOptions('revokeKey options', options, ['kid', 'removed']);
  if (ring.revokedKids.includes(kid)) return ring;
  if (removed && findKey(ring, kid) === undefined) return ring.next((keys) => keys, remembering(ring, kid));
  const { state } = keyOf(ring, kid);
  if (state === 'revoked') return ring;
  if (state === 'active') {
    throw new KeyRingError(`The active key cannot be revoked, because nothing would seal: replace it (${kid}).`);
  }
  return withState(ring, kid, 'revoked');
}

export interface ReplaceKeyOptions extends KeyChoice {
  /** Of a data key only. @defaultValue the suite of the key that is replaced */
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

/**
 * Revokes an active key and activates a fresh one, in one version of the ring: for a key that leaked, when no minute is to be
 * lost. Whoever has this ring refuses the old key and seals with the new one; a node that does not have it yet cannot open what
 * the new one seals. Throws `KeyRingError` for a key that is not active, or that the ring lacks; one that is revoked already
 * leaves the ring as it is.
 */
export async function replaceKey(ring: KeyRing, options: ReplaceKeyOptions): Promise<KeyRing> {
  const given = requireOptions('replaceKey options', options, ['kid', 'suite', 'platform']);
  const { kid, suite, platform = systemPlatform } = given;
  if (ring.revokedKids.includes(kid)) return ring;
  const { alg, use, state } = keyOf(ring, kid);
  if (state === 'revoked') return ring;
  if (state !== 'active') {
    throw new KeyRingError(`Only an active key can be replaced, and this one is ${state}: revoke it (${kid}).`);
  }
  if (use === 'sig' && suite !== undefined) throw new KeyRingError('An index key has no suite: leave it out.');
  const fresh = newRingKey(suite ?? alg, 'active', platform);
  return ring.next((keys) => [...inState(keys, kid, 'revoked'), fresh]);
}

/**
 * Drops a retired or revoked key with its material. What it sealed, in backups too, is unreadable once no copy of the older
 * ring is left. The ring remembers the kid of a revoked one, so that nothing that descends from it opens either. Throws
 * `KeyRingError` for a key in another state; one that the ring lacks leaves the ring as it is.
 */
export function removeKey(ring: KeyRing, choice: KeyChoice): KeyRing {
  const { kid } = requireOptions('removeKey options', choice, ['kid']);
  const key = findKey(ring, kid);
  if (key === undefined) return ring;
  if (key.state !== 'retired' && key.state !== 'revoked') {
    throw new KeyRingError(`Only a retired or revoked key can be removed, and this one is ${key.state} (${kid}).`);
  }
  return ring.next(
    (keys) => keys.filter((other) => other.kid !== kid),
    key.state === 'revoked' ? remembering(ring, kid) : ring.revokedKids,
  );
}

function remembering({ revokedKids }: KeyRing, kid: string): readonly string[] {
  if (revokedKids.length < RING_REVOKED_KIDS_MAX) return [...revokedKids, kid];
  throw new KeyRingError(`The key ring remembers ${RING_REVOKED_KIDS_MAX} revoked keys already, and no more.`);
}

function withState(ring: KeyRing, kid: string, state: KeyState): KeyRing {
  return ring.next((keys) => inState(keys, kid, state));
}

function inState(keys: readonly RingKey[], kid: string, state: KeyState): readonly RingKey[] {
  return keys.map((key) => (key.kid === kid ? Object.freeze({ ...key, state }) : key));
}

/** The key to promote, or the active one that was asked for by its kid. */
function choosePending(ring: KeyRing, { kid, use }: PromotionChoice): KeyInfo {
  if (use !== undefined) checkPurpose(use);
  if (kid !== undefined) {
    const key = keyOf(ring, kid);
    if (use !== undefined && key.use !== USE_OF[use]) throw new KeyRingError(`This is no ${use} key (${kid}).`);
    if (key.state === 'pending' || key.state === 'active') return key;
    throw new KeyRingError(`Only a pending key can be promoted, and this one is ${key.state} (${kid}).`);
  }
  const purpose = use ?? 'data';
  const [first, second] = pendingKeys(ring, purpose);
  if (first === undefined) {
    throw new KeyRingError(`The key ring has no pending ${purpose} key to promote: add one first.`);
  }
  if (second !== undefined) {
    throw new KeyRingError(`The key ring has several pending ${purpose} keys: say which kid to promote.`);
  }
  return first;
}

function pendingKeys(ring: KeyRing, purpose: KeyPurpose): KeyInfo[] {
  return ring.keys().filter(({ use, state }) => use === USE_OF[purpose] && state === 'pending');
}

function keyOf(ring: KeyRing, kid: string): KeyInfo {
  const key = findKey(ring, kid);
  // It is not repeated here: what the ring does not know may be key material that was given by mistake.
  if (key === undefined) throw new KeyRingError('The key ring has no key with this kid.');
  return key;
}

function findKey(ring: KeyRing, kid: unknown): KeyInfo | undefined {
  if (!isKid(kid)) {
    throw new KeyRingError('A kid must be the 43 characters of a thumbprint.');
  }
  return ring.keys().find((key) => key.kid === kid);
}

function checkPurpose(use: unknown): asserts use is KeyPurpose {
  if (use !== 'data' && use !== 'index') throw new KeyRingError('The "use" of a key must be "data" or "index".');
}
