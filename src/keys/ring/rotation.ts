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

/**
 * Generates a new ring with one active data key and one active index key.
 * @throws {KeyRingError} the suite or the version is none.
 */
export async function generateKeyRing(options: GenerateKeyRingOptions = {}): Promise<KeyRing> {
  const given = requireOptions('generateKeyRing options', options, ['suite', 'version', 'platform']);
  const { suite = 'XAES-256-GCM', version = 1, platform = systemPlatform } = given;
  const keys = [newRingKey(suite, 'active', platform), newRingKey('HS256', 'active', platform)];
  return new KeyRing(version, keys);
}

export interface AddKeyOptions {
  /** @defaultValue 'data' */
  readonly use?: KeyPurpose;
  /** The suite of a data key. @defaultValue the suite of the active key */
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

/**
 * Adds a pending key, the first half of a rotation: every node can open its envelopes before any node seals with it. A
 * ring that has a pending key of this use is returned as it is, so a rotation that crashed can be run again.
 * @throws {KeyRingError} a session could descend from more keys than its envelope can name.
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

/** Refuses a further key where a session could get more keys into its lineage than an envelope has room for. */
function checkRoom(ring: KeyRing): void {
  const inUse = ring.keys().filter((key) => key.use === USE_OF.data && key.state !== 'revoked');
  if (inUse.length <= LINEAGE_KEYS_MAX) return;
  throw new KeyRingError(
    `The key ring has ${inUse.length} data keys that are not revoked, and an envelope can name no more: remove those that are retired.`,
  );
}

export interface PromotionChoice {
  /** Chooses one of several pending keys. */
  readonly kid?: string | undefined;
  /** @defaultValue the use of the key with this kid; without a kid, 'data' */
  readonly use?: KeyPurpose | undefined;
}

/**
 * @internal Promotes a key, the second half: the pending key becomes active, the active key of its use decrypt-only. It
 * does not check the fleet: a node without the key cannot open what this ring seals. A kid that is active already
 * leaves the ring as it is.
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
 * @internal Retires a decrypt-only key: it opens nothing any more, but stays in the ring. It does not check for
 * sessions that the key still seals. A key that is retired already leaves the ring as it is.
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
  /** True for a key that the ring has no more; its kid is still remembered as revoked. @defaultValue false */
  readonly removed?: boolean;
}

/**
 * Revokes a key that may be in other hands: its envelopes open no more, nor does any session that descends from them,
 * so their users are logged out. Nodes refuse the key once they have the ring (see `waitForNodes`). For other keys use
 * `retireKey`. A key that is revoked already, removed or not, leaves the ring as it is.
 * @throws {KeyRingError} the key is active (use `replaceKey`), or the ring lacks it and `removed` is not set.
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
  /** The suite of a data key. @defaultValue the suite of the key that is replaced */
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

/**
 * Revokes an active key and activates a fresh one, in one version of the ring: for a leaked key, without delay. A node
 * with this ring refuses the old key and seals with the new one; a node without it cannot open what the new one seals.
 * A key that is revoked already leaves the ring as it is.
 * @throws {KeyRingError} the key is not active, or the ring lacks it.
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
 * Removes a retired or revoked key with its material. Its envelopes, in backups too, are unreadable once no copy of the
 * older ring is left. The ring remembers the kid of a revoked key, so that nothing that descends from it opens. A key
 * that the ring lacks leaves the ring as it is.
 * @throws {KeyRingError} the key is in another state.
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

/** Returns the key to promote, or the active one if its kid was given. */
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
  // The kid is not repeated here: it may be key material that was given by mistake.
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
