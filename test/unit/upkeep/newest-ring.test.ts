import { describe, expect, it } from 'vitest';
import {
  keyCensus,
  KeyRingError,
  reencryptSessions,
  reindexSessions,
  type KeyRing,
  type WalkProgress,
} from '../../../src/index.ts';
import { TierFailure } from '../../../src/errors.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';

const rings = ringsOfRotation();

/** Creates sessions on a node whose source does not report changes: it has to be asked. */
async function shopOf(count: number, ring?: KeyRing) {
  const { old, promoted } = await rings;
  const fleet = new KeyFleet(ring ?? old);
  const { shelf } = fleet;
  const node = await fleet.ready({ load: () => shelf.load() });
  for (let n = 0; n < count; n += 1) await node.sessions.create({ cart: [] }, { userId: 'u_42' });
  return { fleet, shelf, ...node, old, promoted };
}

const WALKS = { reencryptSessions, reindexSessions, keyCensus } as const;
const EACH_WALK = Object.entries(WALKS) as [keyof typeof WALKS, (typeof WALKS)[keyof typeof WALKS]][];

describe('a walk', () => {
  it('uses a ring that the source has had for no time at all', async () => {
    const { fleet, shelf, sessions, old, promoted } = await shopOf(3);
    shelf.ring = promoted;
    expect(await reencryptSessions(sessions)).toMatchObject({ changed: 3, upToDate: 0, ring: 3 });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 3]);
  });

  it('counts the keys of a ring that the source has had for no time at all', async () => {
    const { shelf, sessions, promoted } = await shopOf(1);
    shelf.ring = promoted;
    const { ring, keys } = await keyCensus(sessions);
    expect(ring).toBe(3);
    expect(keys.map(({ state, sessions: count }) => [state, count])).toEqual([
      ['decrypt-only', 1],
      ['active', 0],
    ]);
  });

  it('files under an index key that the source has had for no time at all', async () => {
    const { old, promoted } = await ringsOfRotation('index');
    const { shelf, sessions } = await shopOf(2, old);
    shelf.ring = promoted;
    expect(await reindexSessions(sessions)).toMatchObject({ changed: 2, ring: 3 });
  });

  it('begins again when the source has another ring at its end', async () => {
    const { fleet, shelf, sessions, old, promoted } = await shopOf(4);
    const reports: WalkProgress[] = [];
    const result = await reencryptSessions(sessions, {
      batchSize: 2,
      onProgress(progress) {
        reports.push(progress);
        shelf.ring = promoted;
      },
    });
    // The last page of a pass is empty.
    expect(reports.map(({ ring, scanned }) => [ring, scanned])).toEqual([
      [1, 2],
      [1, 4],
      [1, 4],
      [3, 2],
      [3, 4],
      [3, 4],
    ]);
    expect(result).toMatchObject({ scanned: 4, changed: 4, ring: 3, failures: [] });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 4]);
  });

  it('does not go on with a ring after the client has got another', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions, durable } = await fleet.ready();
    for (let n = 0; n < 4; n += 1) await sessions.create({ cart: [] });
    const reports: WalkProgress[] = [];
    const barrier = gate();
    let walked = 0;
    durable.hook.before = (method) => (method === 'upkeep.walk' && (walked += 1) === 2 ? barrier.wait() : undefined);
    const walk = reencryptSessions(sessions, { batchSize: 1, onProgress: (progress) => reports.push(progress) });
    await barrier.reached;
    fleet.shelf.put(promoted);
    await settled();
    barrier.pass();
    // One was sealed anew before the walk looked which ring the client has.
    expect(await walk).toMatchObject({ scanned: 4, changed: 3, upToDate: 1, ring: 3 });
    expect(reports.filter(({ ring }) => ring === 1).map(({ scanned }) => scanned)).toEqual([1, 2, 2]);
    expect(fleet.sealedBy(promoted)).toEqual([4]);
  });

  it('begins at the beginning with the cursor of a walk that had another ring', async () => {
    const { shelf, sessions, promoted } = await shopOf(3);
    const { cursor } = await reencryptSessions(sessions);
    expect(await reencryptSessions(sessions, { cursor })).toMatchObject({ scanned: 0 });
    shelf.ring = promoted;
    expect(await reencryptSessions(sessions, { cursor })).toMatchObject({ scanned: 3, changed: 3 });
  });

  it.each(EACH_WALK)('%s does nothing when the source fails', async (_, walk) => {
    const { fleet, shelf, sessions, old } = await shopOf(1);
    shelf.failure = new KeyRingError('The vault is sealed.');
    await expect(walk(sessions)).rejects.toThrow('The vault is sealed.');
    expect(fleet.sealedBy(old)).toEqual([1]);
  });

  it.each(EACH_WALK)('%s does nothing when the ring of the source is refused', async (_, walk) => {
    const { old, promoted } = await rings;
    const { shelf, sessions } = await shopOf(1, promoted);
    shelf.ring = old;
    await expect(walk(sessions)).rejects.toThrow('rolled back');
  });

  it.each(EACH_WALK)('%s is refused with an older ring than the fleet uses', async (_, walk) => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const behind = await fleet.ready(old);
    await fleet.ready(promoted);
    await expect(walk(behind.sessions)).rejects.toThrow(
      'The fleet uses key ring version 3: version 1 is not the newest.',
    );
  });

  it('does not count what was being loaded when it began as the newest ring', async () => {
    const { fleet, shelf, old, promoted } = await shopOf(0);
    const barrier = gate();
    const listeners: (() => void)[] = [];
    let isSlow = false;
    const { sessions } = await fleet.ready({
      async load() {
        const ring = await shelf.load();
        if (isSlow) {
          isSlow = false;
          await barrier.wait();
        }
        return ring;
      },
      watch(changed) {
        listeners.push(changed);
        return () => undefined;
      },
    });
    await sessions.create({ cart: [] });
    isSlow = true;
    for (const changed of listeners) changed();
    await barrier.reached;
    shelf.ring = promoted;
    const walk = reencryptSessions(sessions);
    await settled();
    barrier.pass();
    expect(await walk).toMatchObject({ changed: 1, ring: 3 });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 1]);
  });

  it('waits for a database that is away before it has begun', async () => {
    const { fleet, shelf, sessions, durable, promoted } = await shopOf(1);
    shelf.ring = promoted;
    durable.hook.before = (method) => {
      if (method === 'fleet.read') throw new TierFailure('not-sent', 'test');
    };
    const walk = reencryptSessions(sessions);
    await fleet.platform.advance(5_000);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(30_000);
    expect(await walk).toMatchObject({ changed: 1 });
  });
});
