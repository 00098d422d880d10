import { createHmac, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Codec } from '../../../src/codec/codec.ts';
import type { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import {
  addKey,
  generateKeyRing,
  removeKey,
  revokeKey,
  withPromoted,
  withRetired,
} from '../../../src/keys/ring/rotation.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet } from '../../support/key-fleet.ts';
import { fixtureJwk, fixtureRing } from '../../support/ring-fixtures.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

let first: KeyRing;
let added: KeyRing;
let promoted: KeyRing;

beforeAll(async () => {
  first = await generateKeyRing();
  added = await addKey(first, { use: 'index' });
  promoted = withPromoted(added, { use: 'index' });
});

function keysOf(ring: KeyRing, namespace = 'shop'): string[] {
  const codec = new Codec({
    ringInUse: new RingInUse(ring),
    namespace,
    platform: systemPlatform,
    maxPayloadBytes: 1024,
  });
  return codec.cookieKeys.map(shown);
}

const shown = (key: KeyObject): string => key.export().toString('hex');
const kidOf = (ring: KeyRing): string => ring.indexKeys[0].kid;

describe('the keys that authenticate cookies', () => {
  it('are one for each index key that is not revoked, the active one first', async () => {
    const states = ['decrypt-only', 'retired', 'active', 'revoked', 'pending'] as const;
    const ring = await fixtureRing([
      fixtureJwk('active', 'XAES-256-GCM', 'active'),
      ...states.map((state) => fixtureJwk(`index ${state}`, 'HS256', state)),
    ]);
    expect(ring.cookieIndexKeys.map(({ state }) => state)).toEqual(['active', 'decrypt-only', 'retired', 'pending']);
    expect(new Set(keysOf(ring)).size).toBe(4);
  });

  it('outlive a rotation: every node accepts cookies that any node signed before or after it', () => {
    const [before] = keysOf(first);
    const [after] = keysOf(promoted);
    expect(before).not.toBe(after);
    expect(keysOf(added)).toEqual([before, after]);
    expect(keysOf(promoted)).toEqual([after, before]);
    expect(keysOf(withRetired(promoted, kidOf(first)))).toEqual([after, before]);
  });

  it('end with the revocation or the removal of their index key', () => {
    const [after] = keysOf(promoted);
    const kid = kidOf(first);
    expect(keysOf(revokeKey(promoted, { kid }))).toEqual([after]);
    expect(keysOf(removeKey(withRetired(promoted, kid), { kid }))).toEqual([after]);
  });

  it('differ from those of another namespace, and from every user key', () => {
    const [key = ''] = keysOf(first);
    expect(keysOf(first, 'shop2')).not.toContain(key);
    expect(key).not.toBe(shown(first.indexKeys[0].secret));
    expect(key).not.toBe(createHmac('sha256', first.indexKeys[0].secret).update('\0\x04shop').digest('hex'));
  });

  it('change with the ring of a client, without a restart', async () => {
    const fleet = new KeyFleet(first);
    const { sessions } = fleet.node();
    const inUse = async () => (await sessions['~http'].cookieKeys()).map(shown);
    const [before] = await inUse();
    expect(await sessions['~http'].cookieKeys()).toBe(await sessions['~http'].cookieKeys());
    fleet.shelf.put(promoted);
    await settled();
    const [after, second] = await inUse();
    expect(second).toBe(before);
    expect(after).not.toBe(before);
    fleet.shelf.put(revokeKey(promoted, { kid: kidOf(first) }));
    await settled();
    expect(await inUse()).toEqual([after]);
    await sessions.close();
  });
});
