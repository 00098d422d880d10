import { describe, expect, it } from 'vitest';
import { reindexSessions } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';

async function shopOf(users: number) {
  const { old, added, promoted } = await ringsOfRotation('index');
  const fleet = new KeyFleet(old);
  const node = await fleet.ready();
  for (let n = 0; n < users; n += 1) await node.sessions.create({ cart: [] }, { userId: `u_${n % 5}` });
  await node.sessions.create({ cart: [] });
  fleet.shelf.put(added);
  await settled();
  fleet.shelf.put(promoted);
  await settled();
  const userKeys = () => new Set([...fleet.database.values()].map(({ userKey }) => userKey?.toString('hex')));
  return { fleet, ...node, old, promoted, userKeys };
}

describe('reindexSessions', () => {
  it('files every session of a user under the active index key, and changes nothing else', async () => {
    const { fleet, sessions, userKeys } = await shopOf(10);
    const before = userKeys();
    const rows = [...fleet.database.values()];
    expect(await reindexSessions(sessions, { batchSize: 3 })).toMatchObject({ scanned: 11, changed: 10, upToDate: 1 });
    const after = userKeys();
    expect([...before].filter((key) => after.has(key))).toEqual([undefined]);
    for (const row of rows) {
      const moved = fleet.database.get(row.storageKey.toString('hex'));
      expect({ ...moved, userKey: null }).toEqual({ ...row, userKey: null });
    }
    expect(await reindexSessions(sessions)).toMatchObject({ changed: 0, upToDate: 11 });
    expect(await sessions.listByUser('u_1')).toHaveLength(2);
  });

  it('only counts when it runs dry', async () => {
    const { sessions, userKeys } = await shopOf(10);
    const before = userKeys();
    expect(await reindexSessions(sessions, { dryRun: true })).toMatchObject({ changed: 10 });
    expect(userKeys()).toEqual(before);
  });

  it('leaves users to be found at every moment', async () => {
    const { sessions, fleet } = await shopOf(20);
    const walk = reindexSessions(sessions, { concurrency: 1, sessionsPerSecond: 10 });
    for (let step = 0; step < 20; step += 1) {
      await fleet.platform.advance(100);
      for (let user = 0; user < 5; user += 1) expect(await sessions.listByUser(`u_${user}`)).toHaveLength(4);
    }
    await walk;
  });

  it('hides nobody from destroyByUser', async () => {
    for (const method of ['upkeep.moveUserKey', 'sessions.revokeMany'] as const) {
      const { sessions, durable } = await shopOf(20);
      const barrier = gate();
      let isFirst = true;
      durable.override(method, async (own, ...args) => {
        if (isFirst) {
          isFirst = false;
          await barrier.wait();
        }
        return own(...args);
      });
      const [walk, destroyed] = [reindexSessions(sessions), sessions.destroyByUser('u_1')];
      await barrier.reached;
      await settled();
      barrier.pass();
      expect(await destroyed, method).toBe(4);
      await walk;
      expect(await sessions.listByUser('u_1')).toEqual([]);
    }
  });

  it('looks again when the session was filed elsewhere meanwhile', async () => {
    const { sessions, durable, fleet } = await shopOf(1);
    let losses = 0;
    durable.override('upkeep.moveUserKey', async (own, ...args) => {
      losses += 1;
      return losses > 3 ? own(...args) : false;
    });
    const walk = reindexSessions(sessions);
    await fleet.platform.advance(200);
    expect(await walk).toMatchObject({ changed: 1, conflicts: 3 });
  });
});
