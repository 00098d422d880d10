import { describe, expect, it } from 'vitest';
import { promoteKey, reencryptSessions, reindexSessions, retireKey, type KeyRing } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';

const rings = ringsOfRotation();
const SETTLE = 20_000;

async function rotated(use: 'data' | 'index' = 'data') {
  const { old, added } = use === 'data' ? await rings : await ringsOfRotation(use);
  const fleet = new KeyFleet(old);
  const node = await fleet.ready();
  await node.sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
  const promoted = await promoteKey(added, { force: true, use });
  const kid = use === 'data' ? old.sealingKey.kid : old.indexKeys[0].kid;
  const adopt = async (ring: KeyRing): Promise<void> => {
    fleet.shelf.put(ring);
    await settled();
  };
  return { fleet, ...node, old, added, promoted, kid, adopt };
}

describe('retireKey', () => {
  it('is refused while a live node has had the ring for less than 20 s', async () => {
    const { fleet, sessions, promoted, kid, adopt } = await rotated();
    await adopt(promoted);
    await reencryptSessions(sessions);
    await fleet.platform.advance(SETTLE - 1);
    await expect(retireKey(promoted, { sessions, kid })).rejects.toThrow(
      '1 of 1 live nodes have had this key ring for less than 20 s.',
    );
    await fleet.platform.advance(1);
    expect((await retireKey(promoted, { sessions, kid })).version).toBe(4);
  });

  it('is refused while a live node has an older ring', async () => {
    const { fleet, sessions, old, promoted, kid, adopt } = await rotated();
    const behind = new RingShelf(old);
    await fleet.ready({ load: () => behind.load() });
    await adopt(promoted);
    await reencryptSessions(sessions);
    await fleet.platform.advance(SETTLE);
    await expect(retireKey(promoted, { sessions, kid })).rejects.toThrow(/1 of 2 live nodes do not have/);
  });

  it('is refused while the key seals a session, and says how many', async () => {
    const { fleet, sessions, promoted, kid, adopt } = await rotated();
    await adopt(promoted);
    await fleet.platform.advance(SETTLE);
    await expect(retireKey(promoted, { sessions, kid })).rejects.toThrow(/still seals 1 sessions: re-encrypt/);
    await reencryptSessions(sessions);
    const retired = await retireKey(promoted, { sessions, kid });
    expect(retired.keys().find((key) => key.kid === kid)?.state).toBe('retired');
  });

  it('is refused while an index key files a session', async () => {
    const { fleet, sessions, promoted, kid, adopt } = await rotated('index');
    await adopt(promoted);
    await fleet.platform.advance(SETTLE);
    await expect(retireKey(promoted, { sessions, kid })).rejects.toThrow(/1 sessions are not filed/);
    await reindexSessions(sessions);
    await adopt(await retireKey(promoted, { sessions, kid }));
    expect(await sessions.listByUser('u_42')).toHaveLength(1);
  });

  it('waits as long as `timeout` says', async () => {
    const { fleet, sessions, promoted, kid, adopt } = await rotated();
    await adopt(promoted);
    await reencryptSessions(sessions);
    const retirement = retireKey(promoted, { sessions, kid, timeout: '30s' });
    await fleet.platform.advance(SETTLE + 500);
    expect((await retirement).version).toBe(4);
  });

  it('breaks nothing for those who read on', async () => {
    const { fleet, sessions, promoted, kid, adopt } = await rotated();
    const { id } = await sessions.create({ cart: ['B2'] });
    await adopt(promoted);
    await reencryptSessions(sessions);
    await fleet.platform.advance(SETTLE);
    await adopt(await retireKey(promoted, { sessions, kid }));
    expect((await sessions.get(id))?.data.cart).toEqual(['B2']);
  });

  it('asks nobody when it is forced, and leaves a ring as it is in which the key is retired', async () => {
    const { promoted, kid } = await rotated();
    const retired = await retireKey(promoted, { kid, force: true });
    expect(await retireKey(retired, { kid, force: true })).toBe(retired);
    await expect(retireKey(promoted, { kid } as never)).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });

  it('is for decrypt-only keys', async () => {
    const { sessions, promoted } = await rotated();
    await expect(retireKey(promoted, { sessions, kid: promoted.sealingKey.kid })).rejects.toMatchObject({
      code: 'HOLDFAST_KEY_RING',
    });
  });
});
