import { beforeAll, describe, expect, it } from 'vitest';
import { Codec } from '../../../src/codec/codec.ts';
import { Memo } from '../../../src/codec/memo.ts';
import { KeyRingError } from '../../../src/errors.ts';
import type { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { newRingKey } from '../../../src/keys/ring/ring-jwk.ts';
import {
  addKey,
  generateKeyRing,
  removeKey,
  revokeKey,
  withPromoted,
  withRetired,
} from '../../../src/keys/ring/rotation.ts';
import { LINEAGE_KEYS_MAX } from '../../../src/limits/session.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { recordOf, STORAGE_KEY, strangeKeyId } from '../../support/sealing-fixtures.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

const revoked: unknown = expect.objectContaining({ name: 'EnvelopeError', reason: 'revoked-key' });

let first: KeyRing;
let second: KeyRing;
let third: KeyRing;

beforeAll(async () => {
  first = await generateKeyRing({ suite: 'A256GCM' });
  second = withPromoted(await addKey(first, { suite: 'XAES-256-GCM' }));
  third = withPromoted(await addKey(second));
});

function codecOf(ring: KeyRing, memo?: Memo): Codec {
  return codecUsing(new RingInUse(ring), memo);
}

function codecUsing(ringInUse: RingInUse, memo?: Memo): Codec {
  return new Codec({ ringInUse, namespace: 'shop', platform: systemPlatform, maxPayloadBytes: 1024, memo });
}

/** Opened under the first key of the rings and sealed under the next, one after the other: the last envelope. */
function sealedThrough(...rings: KeyRing[]): Buffer {
  let record = recordOf();
  let envelope: Buffer = Buffer.alloc(0);
  for (const ring of rings) {
    const codec = codecOf(ring);
    envelope = codec.seal(STORAGE_KEY, record);
    record = codec.open(STORAGE_KEY, envelope);
  }
  return envelope;
}

/** A ring after so many rotations, and the id of every key that was active on the way. */
async function rotated(times: number): Promise<{ ring: KeyRing; keyIds: Buffer[] }> {
  let ring = await generateKeyRing();
  const keyIds = [ring.sealingKey.keyId];
  while (keyIds.length <= times) {
    // Not with addKey, which would refuse the last one.
    const pending = newRingKey('XAES-256-GCM', 'pending', systemPlatform);
    ring = withPromoted(ring.next((keys) => [...keys, pending]));
    keyIds.push(ring.sealingKey.keyId);
  }
  return { ring, keyIds };
}

describe('the lineage of a session', () => {
  it('names every key that sealed it, the oldest first, the last one at the end', () => {
    const ids = [first, second, third].map(({ sealingKey }) => sealingKey.keyId);
    expect(codecOf(third).open(STORAGE_KEY, sealedThrough(first)).lineage).toEqual(ids.slice(0, 1));
    expect(codecOf(third).open(STORAGE_KEY, sealedThrough(first, first, second)).lineage).toEqual(ids.slice(0, 2));
    expect(codecOf(third).open(STORAGE_KEY, sealedThrough(first, second, third)).lineage).toEqual(ids);
  });

  it('names a key once, although a node that lags behind sealed with it again', () => {
    const [oldest, newer] = [first.sealingKey.keyId, second.sealingKey.keyId];
    expect(codecOf(third).open(STORAGE_KEY, sealedThrough(first, second, first)).lineage).toEqual([newer, oldest]);
    expect(codecOf(third).open(STORAGE_KEY, sealedThrough(first, second, first, second)).lineage).toEqual([
      oldest,
      newer,
    ]);
  });

  it('costs one byte before the first rotation, and eight for each key after it', () => {
    const sizes = [sealedThrough(second), sealedThrough(second, third), sealedThrough(first, second, third)];
    const [bare = 0, ...longer] = sizes.map(({ length }) => length);
    expect(longer.map((size) => size - bare)).toEqual([8, 16]);
  });

  it.each(['first', 'second'] as const)('ends the session with the revocation of its %s key', (which) => {
    const { kid } = { first, second }[which].sealingKey;
    const envelope = sealedThrough(first, second, third);
    const ring = revokeKey(third, { kid });
    expect(() => codecOf(ring).open(STORAGE_KEY, envelope)).toThrow(revoked);
    expect(() => codecOf(removeKey(ring, { kid })).open(STORAGE_KEY, envelope)).toThrow(revoked);
  });

  it('does not end a session that the revoked key never sealed', () => {
    const codec = codecOf(revokeKey(third, { kid: first.sealingKey.kid }));
    expect(codec.open(STORAGE_KEY, sealedThrough(second, third)).data).toEqual(recordOf().data);
  });

  it('does not end a session whose keys were retired and removed', () => {
    const { kid } = first.sealingKey;
    const retired = withRetired(third, kid);
    const envelope = sealedThrough(first, second, third);
    for (const ring of [retired, removeKey(retired, { kid })]) {
      expect(codecOf(ring).open(STORAGE_KEY, envelope).lineage).toHaveLength(3);
    }
  });

  it('ends the session also where it is remembered, opened or just sealed', () => {
    const memo = new Memo(systemPlatform, 100_000);
    const ringInUse = new RingInUse(third);
    const codec = codecUsing(ringInUse, memo);
    const record = codecOf(third).open(STORAGE_KEY, sealedThrough(first));
    const envelope = codec.seal(STORAGE_KEY, record);
    codec.remember(STORAGE_KEY, envelope, record);
    expect(codec.openRemembered(STORAGE_KEY, envelope).lineage).toEqual(codec.open(STORAGE_KEY, envelope).lineage);
    ringInUse.replace(revokeKey(third, { kid: first.sealingKey.kid }));
    expect(() => codec.openRemembered(STORAGE_KEY, envelope)).toThrow(revoked);
  });

  it('ends the session also if the key is revoked between sealing and storing it', () => {
    const memo = new Memo(systemPlatform, 100_000);
    const ringInUse = new RingInUse(third);
    const codec = codecUsing(ringInUse, memo);
    const record = codecOf(third).open(STORAGE_KEY, sealedThrough(first));
    const envelope = codec.seal(STORAGE_KEY, record);
    ringInUse.replace(revokeKey(third, { kid: first.sealingKey.kid }));
    codec.remember(STORAGE_KEY, envelope, record);
    expect(() => codec.openRemembered(STORAGE_KEY, envelope)).toThrow(revoked);
  });

  it('keeps a session from being sealed that was opened before one of its keys was revoked', () => {
    const record = codecOf(third).open(STORAGE_KEY, sealedThrough(first, second));
    const codec = codecOf(revokeKey(third, { kid: first.sealingKey.kid }));
    expect(() => codec.seal(STORAGE_KEY, record)).toThrow(revoked);
  });
});

describe('a lineage that is full', () => {
  const strangers = Array.from({ length: LINEAGE_KEYS_MAX }, (_, n) => strangeKeyId(n));

  it('loses the oldest of the keys that left the ring, and never one that can still be revoked', () => {
    const known = second.sealingKey.keyId;
    const codec = codecOf(third);
    const record = recordOf({ lineage: [known, ...strangers] });
    const { lineage } = codec.open(STORAGE_KEY, codec.seal(STORAGE_KEY, record));
    expect(lineage).toEqual([known, ...strangers.slice(1), third.sealingKey.keyId]);
  });

  it('has room for the key that sealed last, besides those before it', () => {
    const codec = codecOf(third);
    const { lineage } = codec.open(STORAGE_KEY, codec.seal(STORAGE_KEY, recordOf({ lineage: strangers })));
    expect(lineage).toEqual([...strangers, third.sealingKey.keyId]);
  });

  it('keeps the session from being sealed if every key in it is still in the ring', async () => {
    const { ring, keyIds } = await rotated(LINEAGE_KEYS_MAX + 1);
    const codec = codecOf(ring);
    const seal = (lineage: Buffer[]) => codec.seal(STORAGE_KEY, recordOf({ lineage }));
    expect(() => seal(keyIds.slice(0, -1))).toThrow(KeyRingError);
    expect(() => seal(keyIds.slice(0, -1))).toThrow('remove those that are retired');
    expect(codec.open(STORAGE_KEY, seal(keyIds.slice(1))).lineage).toEqual(keyIds.slice(1));
  });

  it('does not hide a revoked key: made-up ids are dropped first', () => {
    const forged = codecOf(first).seal(STORAGE_KEY, recordOf({ lineage: strangers }));
    const ringInUse = new RingInUse(second);
    const codec = codecUsing(ringInUse);
    const laundered = codec.seal(STORAGE_KEY, codec.open(STORAGE_KEY, forged));
    ringInUse.replace(revokeKey(second, { kid: first.sealingKey.kid }));
    expect(() => codec.open(STORAGE_KEY, laundered)).toThrow(revoked);
  });
});
