import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyRingError } from '../../src/errors.ts';
import { KeyRing } from '../../src/keys/ring/key-ring.ts';
import {
  addKey,
  generateKeyRing,
  removeKey,
  replaceKey,
  revokeKey,
  withPromoted,
  withRetired,
} from '../../src/keys/ring/rotation.ts';

type Change = (ring: KeyRing, kid: string) => KeyRing | Promise<KeyRing>;

const CHANGES: Readonly<Record<string, Change>> = {
  add: (ring) => addKey(ring),
  addIndexKey: (ring) => addKey(ring, { use: 'index' }),
  promote: (ring, kid) => withPromoted(ring, { kid }),
  retire: withRetired,
  revoke: (ring, kid) => revokeKey(ring, { kid }),
  revokeRemoved: (ring, kid) => revokeKey(ring, { kid, removed: true }),
  replace: (ring, kid) => replaceKey(ring, { kid }),
  remove: (ring, kid) => removeKey(ring, { kid }),
};

/** A change, and which of all keys that ever were it is about. */
const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(CHANGES)), fc.nat(1_000)), {
  minLength: 20,
  maxLength: 40,
});

async function apply(change: Change, ring: KeyRing, kid: string): Promise<KeyRing> {
  try {
    return await change(ring, kid);
  } catch (error) {
    expect(error).toBeInstanceOf(KeyRingError);
    return ring;
  }
}

function revokedOf(ring: KeyRing): string[] {
  const kept = ring.keys().filter(({ state }) => state === 'revoked');
  return [...kept.map(({ kid }) => kid), ...ring.revokedKids];
}

it('whatever is done to a ring, it stays one, and a key that was revoked stays revoked and never seals', async () => {
  let removals = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      let ring = await generateKeyRing();
      const kids = new Set(ring.keys().map(({ kid }) => kid));
      const revoked = new Set<string>();
      for (const [name, at] of all) {
        const before = ring;
        ring = await apply(CHANGES[name] as Change, ring, [...kids][at % kids.size] ?? '');
        expect(ring.version).toBe(ring === before ? before.version : before.version + 1);
        for (const { kid } of ring.keys()) kids.add(kid);
        for (const kid of revokedOf(ring)) revoked.add(kid);
        expect(new Set(revokedOf(ring))).toEqual(revoked);
        for (const kid of kids) expect(ring.isRevoked(Buffer.from(kid, 'base64url'))).toBe(revoked.has(kid));
        expect(revoked).not.toContain(ring.sealingKey.kid);
        expect(revoked).not.toContain(ring.indexKeys[0].kid);
        const loaded = KeyRing.fromJwks(JSON.parse(JSON.stringify(ring.toJwks())));
        expect(loaded.fingerprint()).toEqual(ring.fingerprint());
      }
      removals += ring.revokedKids.length;
    }),
    { numRuns: 200 },
  );
  expect(removals).toBeGreaterThan(20);
});
