import { KeyRingError } from '../../errors.ts';
import { RING_KEYS_MAX } from '../../limits/keys.ts';
import { keyIdOf } from './key-material.ts';
import { algorithmOf, type DataKey, type IndexKey, type KeyState, type RingKey } from './ring-key.ts';

type IndexKeys = readonly [IndexKey, ...IndexKey[]];

/**
 * Returns the active keys and those that a ring looks up.
 * @throws {KeyRingError} the keys make no ring.
 */
export function checkRing(
  version: number,
  keys: readonly RingKey[],
  revokedKids: readonly string[],
): { sealingKey: DataKey; indexKeys: IndexKeys; cookieIndexKeys: IndexKeys } {
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new KeyRingError('A key ring\'s "holdfast:version" must be a positive integer.');
  }
  checkCount(keys);
  checkUnique(keys);
  checkRevoked(revokedKids, keys);
  const active = keys.filter((key) => key.state === 'active');
  const sealingKey = only(
    active.filter((key) => key.use === 'enc'),
    'data key ("use": "enc")',
  );
  const activeIndexKey = only(
    active.filter((key) => key.use === 'sig'),
    'index key ("use": "sig")',
  );
  // A pending key may be active on a node that is ahead; the rows of a revoked key must be found in order to end them.
  const but = (state: KeyState): IndexKeys => {
    const others = keys.filter((key) => key.use === 'sig' && key.state !== state && key !== activeIndexKey);
    return [activeIndexKey, ...(others as IndexKey[])];
  };
  return { sealingKey, indexKeys: but('retired'), cookieIndexKeys: but('revoked') };
}

function only<Key>(keys: readonly Key[], what: string): Key {
  const [first, second] = keys;
  if (first === undefined) throw new KeyRingError(`The key ring has no active ${what}.`);
  if (second !== undefined) throw new KeyRingError(`The key ring has more than one active ${what}.`);
  return first;
}

/** Checks the number of keys before they are read, and before a ring is saved that could not be opened again. */
export function checkCount({ length }: readonly unknown[]): void {
  if (length <= RING_KEYS_MAX) return;
  throw new KeyRingError(
    `A key ring must have at most ${RING_KEYS_MAX} keys: remove those that are retired or revoked.`,
  );
}

/** Refuses a key that is in the ring twice: a kid is the thumbprint of its material. */
function checkUnique(keys: readonly RingKey[]): void {
  const seen = new Map<string, RingKey>();
  for (const key of keys) {
    const prefix = key.keyId.toString('hex');
    const twin = seen.get(prefix);
    if (twin !== undefined) throw new KeyRingError(`The key ring ${clashOf(key, twin)}.`);
    seen.set(prefix, key);
  }
}

/** Refuses a key that was revoked and removed, or that has the key id of such a key. */
function checkRevoked(revokedKids: readonly string[], keys: readonly RingKey[]): void {
  const keyIds = new Set(revokedKids.map((kid) => keyIdOf(kid).toString('hex')));
  if (keyIds.size < revokedKids.length) throw new KeyRingError('The key ring lists a revoked kid twice.');
  const back = keys.find(({ keyId }) => keyIds.has(keyId.toString('hex')));
  if (back !== undefined) throw new KeyRingError(`The key ring has a key that was revoked and removed (${back.kid}).`);
}

function clashOf(key: RingKey, twin: RingKey): string {
  if (key.kid !== twin.kid)
    return `has two keys whose ids begin alike (${key.kid}, ${twin.kid}): generate one of them anew`;
  if (algorithmOf(key) !== algorithmOf(twin)) return `uses one key under two algorithms (${key.kid})`;
  return `lists a key twice (${key.kid})`;
}
