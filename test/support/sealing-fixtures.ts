import { AdditionalData } from '../../src/codec/additional-data.ts';
import type { Binding } from '../../src/codec/envelope.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { DataKey, KeyState, Suite } from '../../src/keys/ring/ring-key.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';

export const SESSION_ID = 'A'.repeat(43);
export const STORAGE_KEY: Buffer = storageKeyOf(SESSION_ID);
export const OTHER_STORAGE_KEY: Buffer = storageKeyOf('B'.repeat(42) + 'A');
export const NAMESPACE = 'shop';

export function bindingOf(storageKey: Buffer = STORAGE_KEY, namespace: string = NAMESPACE): Binding {
  return { additionalData: new AdditionalData(namespace), storageKey };
}

/** The first data key of a ring with this state. */
export function keyIn(ring: KeyRing, state: KeyState): DataKey {
  const info = ring.keys().find((key) => key.use === 'enc' && key.state === state);
  return ring.dataKey(Buffer.from(info?.kid ?? '', 'base64url')) as DataKey;
}

/** A key of the standard ring that opens envelopes of this suite, for tests that run over both. */
export function keyOfSuite(ring: KeyRing, suite: Suite): DataKey {
  return suite === 2 ? keyIn(ring, 'active') : keyIn(ring, 'decrypt-only');
}

/** An 8-byte key id that no ring of the tests has. */
export function strangeKeyId(n: number): Buffer {
  const keyId = Buffer.alloc(8, 0xee);
  keyId.writeUInt32BE(n, 4);
  return keyId;
}

/** Random bytes that are 0x00, 0x01, 0x02 …, so that a nonce can be written down. */
export const countingPlatform: Platform = {
  ...systemPlatform,
  fillRandom(target, offset, length) {
    for (let at = 0; at < length; at += 1) target[offset + at] = at;
  },
};

export function recordOf(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    revision: 1,
    createdAt: 1_900_000_000_000,
    absoluteExpiresAt: 1_900_043_200_000,
    idleLifetimeMs: 1_800_000,
    authenticatedAt: 1_900_000_000_000,
    lineage: [],
    userId: 'u_42',
    label: 'Firefox on Linux',
    schemaVersion: 0,
    data: Buffer.from('{"cart":[{"sku":"A1","quantity":1}]}'),
    ...changes,
  };
}
