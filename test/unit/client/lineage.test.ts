import { beforeEach, describe, expect, it } from 'vitest';
import { Codec } from '../../../src/codec/codec.ts';
import { revokeKey, type KeyRing, type Session, type SessionClient } from '../../../src/index.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';
import { add, type Shop } from '../../support/memory-fleet.ts';
import { RingInUse } from '../../../src/keys/ring/ring-in-use.ts';

const strong = { consistency: 'strong', touch: false } as const;
const refusal = { code: 'HOLDFAST_ENVELOPE', reason: 'revoked-key', retryable: false };

/** Somebody has the data key of the old ring and can write to the database; the fleet rotates, and revokes that key. */
describe('a session that was forged with a leaked key, and written once after the rotation', () => {
  let old: KeyRing;
  let promoted: KeyRing;
  let fleet: KeyFleet;
  let sessions: SessionClient<Shop>;
  let other: SessionClient<Shop>;

  beforeEach(async () => {
    ({ old, promoted } = await ringsOfRotation());
    fleet = new KeyFleet(old);
    ({ sessions } = await fleet.ready());
    ({ sessions: other } = await fleet.ready());
  });

  async function put(ring: KeyRing): Promise<void> {
    fleet.shelf.put(ring);
    await settled();
  }

  function revokeOld(): Promise<void> {
    return put(revokeKey(promoted, { kid: old.sealingKey.kid }));
  }

  /** A row whose envelope says that this is the session of somebody else. */
  async function forge(): Promise<string> {
    const { id } = await sessions.create({ cart: [] });
    const storageKey = storageKeyOf(id);
    const options = { namespace: 'holdfast', platform: systemPlatform, maxPayloadBytes: 1024 };
    const thief = new Codec({ ...options, ringInUse: new RingInUse(old) });
    const row = fleet.rowOf(id);
    const envelope = thief.seal(storageKey, { ...thief.open(storageKey, row.envelope), userId: 'ceo' });
    fleet.database.set(storageKey.toString('hex'), { ...row, envelope });
    return id;
  }

  it('is refused on every node once the key is revoked, in either tier', async () => {
    const id = await forge();
    expect((await sessions.get(id))?.userId).toBe('ceo');
    await put(promoted);
    await add(sessions, id, 'A1');
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 1]);
    await other.get(id);
    await settled();
    expect((await other.get(id))?.servedBy).toBe('primary');
    await revokeOld();
    for (const node of [sessions, other]) {
      await expect(node.get(id)).rejects.toMatchObject(refusal);
      await expect(node.get(id, strong)).rejects.toMatchObject(refusal);
      await expect(node.update(id, () => ({ cart: [] }))).rejects.toMatchObject(refusal);
      await expect(node.regenerate(id)).rejects.toMatchObject(refusal);
    }
  });

  it('is refused under its new id as well, although a user has logged in under it', async () => {
    const id = await forge();
    await put(promoted);
    const { id: moved } = await sessions.regenerate(id, { userId: 'u_42', data: { cart: [] } });
    await revokeOld();
    await expect(sessions.get(moved)).rejects.toMatchObject(refusal);
  });

  it.each(['read', 'created', 'written', 'moved'] as const)(
    'is refused also if it was changed in hand: a session that was %s under the old key',
    async (how) => {
      const { id } = await sessions.create({ cart: [] });
      const inHand = {
        read: async () => (await sessions.get(id)) as Session<Shop>,
        created: () => sessions.create({ cart: [] }),
        written: () => sessions.update(id, () => ({ cart: ['A1'] })),
        moved: () => sessions.regenerate(id),
      };
      const session = await inHand[how]();
      await put(promoted);
      const changed = await sessions.update(session, () => ({ cart: ['B2'] }));
      await revokeOld();
      await expect(sessions.get(changed.id)).rejects.toMatchObject(refusal);
      await expect(sessions.update(changed, () => ({ cart: [] }))).rejects.toMatchObject(refusal);
    },
  );

  it('can be ended all the same, by its id and by its user', async () => {
    const id = await forge();
    await put(promoted);
    const { id: moved } = await sessions.regenerate(id, { userId: 'u_42' });
    await revokeOld();
    expect(await sessions.listByUser('u_42')).toMatchObject([{ label: undefined, authenticatedAt: undefined }]);
    expect(await sessions.destroyByUser('u_42')).toBe(1);
    expect(await sessions.get(moved)).toBeNull();
  });

  it('takes nobody with it whose session began after the rotation', async () => {
    await put(promoted);
    const { id } = await sessions.create({ cart: ['A1'] });
    await revokeOld();
    expect((await other.get(id))?.data.cart).toEqual(['A1']);
  });
});
