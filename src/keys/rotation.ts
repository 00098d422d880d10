import { KeyRingError } from '../errors.ts';
import { systemPlatform, type Platform } from '../platform/platform.ts';
import type { KeyRing } from './key-ring.ts';
import { newRingKey } from './ring-jwk.ts';
import { ALGORITHM_OF, type DataKeyAlgorithm, type RingKey } from './ring-key.ts';

export interface AddKeyOptions {
  /** @defaultValue the suite of the key that is active now */
  readonly suite?: DataKeyAlgorithm;
  readonly platform?: Platform;
}

/**
 * The first half of a rotation: a ring with one more data key, pending, so that every node can open what it will seal
 * before any node seals with it. A ring that has a pending data key already is returned as it is, so that a rotation
 * which crashed can simply be run again.
 */
export async function addKey(ring: KeyRing, options: AddKeyOptions = {}): Promise<KeyRing> {
  if (pendingKids(ring).length > 0) return ring;
  const { suite = ALGORITHM_OF[ring.sealingKey.suite], platform = systemPlatform } = options;
  const key = await newRingKey(suite, 'pending', platform);
  return ring.next((keys) => [...keys, key]);
}

/**
 * The second half: the pending key becomes active, the active one decrypt-only. Roll the ring of `addKey` out to every
 * node first; a node without the key cannot open what this ring seals. `kid` chooses among several pending keys; one
 * that is active already leaves the ring as it is.
 */
export function promoteKey(ring: KeyRing, kid?: string, platform: Platform = systemPlatform): KeyRing {
  if (kid === ring.sealingKey.kid) return ring;
  const promoted = chooseKid(pendingKids(ring), kid);
  const activatedAt = Math.floor(platform.now() / 1000) * 1000;
  return ring.next((keys) => keys.map((key) => inNextState(key, promoted, activatedAt)));
}

function inNextState(key: RingKey, promoted: string, activatedAt: number): RingKey {
  if (key.kid === promoted) return Object.freeze({ ...key, state: 'active', activatedAt });
  if (key.use === 'enc' && key.state === 'active') return Object.freeze({ ...key, state: 'decrypt-only' });
  return key;
}

function pendingKids(ring: KeyRing): string[] {
  return ring
    .keys()
    .filter(({ use, state }) => use === 'enc' && state === 'pending')
    .map(({ kid }) => kid);
}

function chooseKid(pending: readonly string[], kid: string | undefined): string {
  const [first, second] = pending;
  if (first === undefined) throw new KeyRingError('The key ring has no pending data key to promote: add one first.');
  if (kid === undefined && second !== undefined) {
    throw new KeyRingError('The key ring has several pending data keys: say which kid to promote.');
  }
  const chosen = kid ?? first;
  if (!pending.includes(chosen)) throw new KeyRingError('No pending data key of the key ring has this kid.');
  return chosen;
}
