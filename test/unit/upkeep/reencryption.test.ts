import { describe, expect, it } from 'vitest';
import {
  keyCensus,
  reencryptSessions,
  removeKey,
  retireKey,
  revokeKey,
  type KeyRing,
  type WalkProgress,
} from '../../../src/index.ts';
import { TierFailure } from '../../../src/errors.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';
import { add, failing, refuse } from '../../support/memory-fleet.ts';

const rings = ringsOfRotation();

/** Sessions under the old key, and a node that has just got the promoted ring. */
async function shopOf(count: number) {
  const { old, promoted } = await rings;
  const fleet = new KeyFleet(old);
  const node = await fleet.ready();
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await node.sessions.create({ cart: [`${n}`] })).id);
  const adopt = async (ring: KeyRing): Promise<void> => {
    fleet.shelf.put(ring);
    await settled();
  };
  await adopt(promoted);
  return { fleet, ...node, ids, old, promoted, adopt };
}

describe('reencryptSessions', () => {
  it('seals every session with the active key, at the next revision', async () => {
    const { fleet, sessions, ids, old, promoted } = await shopOf(25);
    const result = await reencryptSessions(sessions, { batchSize: 10 });
    expect(result).toMatchObject({
      scanned: 25,
      changed: 25,
      upToDate: 0,
      failed: 0,
      conflicts: 0,
      total: 25,
      etaMs: 0,
    });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 25]);
    for (const [n, id] of ids.entries()) {
      expect(await sessions.get(id)).toMatchObject({ revision: 2, data: { cart: [`${n}`] } });
    }
    expect(await keyCensus(sessions)).toMatchObject({ total: 25, unknown: [], ring: 3 });
  });

  it('leaves lifetimes and last activity as they are', async () => {
    const { fleet, sessions, ids } = await shopOf(1);
    const id = ids[0] ?? '';
    const before = fleet.rowOf(id);
    await fleet.platform.advance(10 * 60_000);
    await reencryptSessions(sessions);
    const { lastSeenAt, idleExpiresAt, createdAt, absoluteExpiresAt } = before;
    expect(fleet.rowOf(id)).toMatchObject({ revision: 2, lastSeenAt, idleExpiresAt, createdAt, absoluteExpiresAt });
  });

  it('does nothing the second time', async () => {
    const { fleet, sessions, ids } = await shopOf(5);
    await reencryptSessions(sessions);
    expect(await reencryptSessions(sessions)).toMatchObject({ scanned: 5, changed: 0, upToDate: 5 });
    expect(fleet.rowOf(ids[0] ?? '').revision).toBe(2);
  });

  it('replaces the copies that others read', async () => {
    const { sessions, ids } = await shopOf(1);
    const id = ids[0] ?? '';
    await sessions.get(id);
    await settled();
    await reencryptSessions(sessions);
    expect(await sessions.get(id)).toMatchObject({ servedBy: 'primary', revision: 2 });
  });

  it('reports how far it is, and goes on from the cursor of an earlier run', async () => {
    const { fleet, sessions, old, promoted } = await shopOf(200);
    const reports: WalkProgress[] = [];
    const control = new AbortController();
    const onProgress = (progress: WalkProgress): void => {
      reports.push(progress);
      if (reports.length === 5) control.abort(new Error('enough'));
    };
    await expect(reencryptSessions(sessions, { batchSize: 20, onProgress, signal: control.signal })).rejects.toThrow(
      'enough',
    );
    expect(reports.map(({ scanned }) => scanned)).toEqual([20, 40, 60, 80, 100]);
    // Estimated from where the cursor is among hashes.
    expect(reports.at(-1)?.total).toBeGreaterThan(140);
    expect(reports.at(-1)?.total).toBeLessThan(260);
    expect(fleet.sealedBy(old, promoted)).toEqual([100, 100]);
    const cursor = reports.at(-1)?.cursor ?? '';
    const restOf: WalkProgress[] = [];
    const rest = await reencryptSessions(sessions, {
      cursor,
      batchSize: 20,
      onProgress: (report) => restOf.push(report),
    });
    expect(restOf[0]?.total).toBeGreaterThan(50);
    expect(restOf[0]?.total).toBeLessThan(200);
    expect(rest).toMatchObject({ scanned: 100, changed: 100, total: 100 });
    expect(await reencryptSessions(sessions, { cursor: rest.cursor })).toMatchObject({ scanned: 0, total: 0 });
    expect(fleet.sealedBy(old, promoted)).toEqual([0, 200]);
  });

  it('looks again when another write comes first', async () => {
    const { sessions, durable, fleet, ids, promoted } = await shopOf(1);
    const id = ids[0] ?? '';
    const barrier = gate();
    let isFirst = true;
    durable.override('sessions.update', async (own, ...args) => {
      if (isFirst) {
        isFirst = false;
        await barrier.wait();
      }
      return own(...args);
    });
    const walk = reencryptSessions(sessions);
    await barrier.reached;
    await add(sessions, id, 'A1');
    barrier.pass();
    await fleet.platform.advance(100);
    // The other write had sealed it with the active key.
    expect(await walk).toMatchObject({ scanned: 1, changed: 0, upToDate: 1, conflicts: 1 });
    expect((await sessions.get(id))?.data.cart).toEqual(['0', 'A1']);
    expect(fleet.sealedBy(promoted)).toEqual([1]);
  });

  it('is not lost on those who update meanwhile', async () => {
    const { sessions, ids, fleet } = await shopOf(20);
    const walk = reencryptSessions(sessions, { batchSize: 3 });
    const updates = ids.map((id) => add(sessions, id, 'A1'));
    await fleet.platform.advance(10_000);
    await Promise.all([walk, ...updates]);
    for (const id of ids) expect((await sessions.get(id))?.data.cart).toHaveLength(2);
  });

  it('reports what it cannot open, and leaves it alone', async () => {
    const { fleet, sessions, ids } = await shopOf(5);
    const bad = fleet.rowOf(ids[3] ?? '');
    const envelope = Buffer.from(bad.envelope);
    envelope[60] = (envelope[60] ?? 0) ^ 1;
    fleet.database.set(bad.storageKey.toString('hex'), { ...bad, envelope });
    const result = await reencryptSessions(sessions);
    expect(result).toMatchObject({ scanned: 5, changed: 4, failed: 1 });
    expect(result.failures).toEqual([{ handle: expect.stringMatching(/^[\w-]{22}$/), reason: 'tampered' }]);
    expect(fleet.rowOf(ids[3] ?? '').envelope).toEqual(envelope);
  });

  it('leaves alone what an envelope of another revision was put beside', async () => {
    const { fleet, sessions, ids } = await shopOf(1);
    const bad = fleet.rowOf(ids[0] ?? '');
    fleet.database.set(bad.storageKey.toString('hex'), { ...bad, revision: 7 });
    expect((await reencryptSessions(sessions)).failures).toMatchObject([{ reason: 'rolled-back' }]);
  });

  it('names at most 100 of them', async () => {
    const { fleet, sessions } = await shopOf(120);
    for (const [key, row] of fleet.database) fleet.database.set(key, { ...row, envelope: Buffer.alloc(10) });
    const { failed, failures } = await reencryptSessions(sessions);
    expect([failed, failures.length]).toEqual([120, 100]);
  });

  it('ends the sessions of a revoked key only with `destroyRevoked`', async () => {
    const { sessions, ids, old, promoted, adopt } = await shopOf(3);
    await add(sessions, ids[0] ?? '', 'A1');
    await adopt(revokeKey(promoted, { kid: old.sealingKey.kid }));
    expect(await reencryptSessions(sessions)).toMatchObject({ upToDate: 1, failed: 2, destroyed: 0 });
    const { id } = await sessions.create({ cart: [] });
    const walk = await reencryptSessions(sessions, { destroyRevoked: true });
    // One of the three is sealed by the active key, but descends from what the revoked one had sealed.
    expect(walk).toMatchObject({ upToDate: 1, destroyed: 3, failed: 0 });
    for (const ended of ids) expect(await sessions.get(ended)).toBeNull();
    expect(await sessions.get(id)).not.toBeNull();
    expect(await keyCensus(sessions)).toMatchObject({ total: 1 });
  });

  it('ends the sessions of a revoked key of which the ring has nothing but the name', async () => {
    const { sessions, ids, old, promoted, adopt } = await shopOf(2);
    const { kid } = old.sealingKey;
    await add(sessions, ids[0] ?? '', 'A1');
    await adopt(removeKey(revokeKey(promoted, { kid }), { kid }));
    expect(await reencryptSessions(sessions, { destroyRevoked: true })).toMatchObject({ destroyed: 2, failed: 0 });
  });

  it('does not end the sessions of a key that was only retired', async () => {
    const { sessions, old, promoted, adopt } = await shopOf(2);
    await adopt(await retireKey(promoted, { kid: old.sealingKey.kid, force: true }));
    expect(await reencryptSessions(sessions, { destroyRevoked: true })).toMatchObject({ failed: 2, destroyed: 0 });
  });

  it('waits while the database is away, and finishes', async () => {
    const { fleet, sessions, durable, old, promoted } = await shopOf(10);
    let statements = 0;
    durable.hook.before = (method) => {
      statements += method === 'sessions.update' ? 1 : 0;
      return statements > 4 ? refuse(method) : undefined;
    };
    const walk = reencryptSessions(sessions, { concurrency: 1 });
    await fleet.platform.advance(60_000);
    expect(fleet.sealedBy(promoted)).toEqual([4]);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(10_000);
    expect(await walk).toMatchObject({ scanned: 10, changed: 10, failed: 0 });
    expect(fleet.sealedBy(old)).toEqual([0]);
  });

  it('finds its own write when the answer to it was lost', async () => {
    const { fleet, sessions, durable, ids } = await shopOf(1);
    let losses = 0;
    durable.override('sessions.update', async (own, ...args) => {
      const answer = await own(...args);
      losses += 1;
      // The write is asked for again once, and then its outcome is unknown to the walk.
      if (losses <= 2) throw new TierFailure('ambiguous', 'test');
      return answer;
    });
    const walk = reencryptSessions(sessions);
    await fleet.platform.advance(1_000);
    expect(await walk).toMatchObject({ changed: 0, upToDate: 1 });
    expect(fleet.rowOf(ids[0] ?? '').revision).toBe(2);
  });

  it('ends at once when its signal says so, even while it waits for the database', async () => {
    const { fleet, sessions, durable } = await shopOf(3);
    durable.hook.before = failing('sessions.update', 'not-sent');
    const control = new AbortController();
    const walk = reencryptSessions(sessions, { signal: control.signal });
    const ended = expect(walk).rejects.toThrow('that is enough');
    await fleet.platform.advance(60_000);
    control.abort(new Error('that is enough'));
    await ended;
  });

  it('writes no more sessions a second than `sessionsPerSecond`', async () => {
    const { fleet, sessions, promoted } = await shopOf(50);
    const walk = reencryptSessions(sessions, { sessionsPerSecond: 10 });
    await fleet.platform.advance(2_050);
    expect(fleet.sealedBy(promoted)).toEqual([21]);
    await fleet.platform.advance(3_000);
    expect((await walk).perSecond).toBeLessThanOrEqual(11);
  });

  it('leaves to a node that is ahead what it has sealed', async () => {
    const { added, promoted } = await rings;
    const fleet = new KeyFleet(added);
    const { sessions, durable } = await fleet.ready();
    const barrier = gate();
    durable.hook.before = (method) => (method === 'upkeep.walk' ? barrier.wait() : undefined);
    const walk = reencryptSessions(sessions);
    await barrier.reached;
    await (await fleet.ready(promoted)).sessions.create({ cart: [] });
    barrier.pass();
    await expect(walk).rejects.toThrow('The fleet uses key ring version 3');
    expect(fleet.sealedBy(promoted)).toEqual([1]);
    expect([...fleet.database.values()][0]?.revision).toBe(1);
  });

  it('is refused with an older ring than the fleet uses', async () => {
    const { old, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const behind = await fleet.ready(old);
    const ahead = await fleet.ready(promoted);
    await ahead.sessions.create({ cart: [] });
    await expect(reencryptSessions(behind.sessions)).rejects.toMatchObject({ code: 'HOLDFAST_KEY_RING' });
    expect(fleet.sealedBy(promoted)).toEqual([1]);
  });

  it.each([
    [{ batchSize: 0 }, /batchSize/],
    [{ concurrency: 129 }, /concurrency/],
    [{ sessionsPerSecond: 0.5 }, /sessionsPerSecond/],
    [{ cursor: 'here' }, /cursor/],
    [{ dryRun: true }, /unknown option 'dryRun'/],
  ])('refuses %j', async (options, message) => {
    const { sessions } = await shopOf(0);
    await expect(reencryptSessions(sessions, options as object)).rejects.toThrow(message);
  });

  it('does not keep a client from closing', async () => {
    const { fleet, sessions } = await shopOf(50);
    const walk = reencryptSessions(sessions, { sessionsPerSecond: 1 }).catch((error: unknown) => error);
    await fleet.platform.advance(3_000);
    await sessions.close();
    await fleet.platform.advance(10_000);
    expect(await walk).toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });
});

describe('keyCensus', () => {
  it('counts living sessions by key, unknown keys too', async () => {
    const { fleet, sessions, ids, old, promoted } = await shopOf(4);
    await add(sessions, ids[0] ?? '', 'A1');
    await sessions.destroy(ids[1] ?? '');
    const stray = fleet.rowOf(ids[2] ?? '');
    fleet.database.set(stray.storageKey.toString('hex'), { ...stray, keyId: Buffer.alloc(8, 7) });
    expect(await keyCensus(sessions)).toEqual({
      keys: [
        {
          kid: old.sealingKey.kid,
          keyId: old.sealingKey.keyId.toString('hex'),
          state: 'decrypt-only',
          use: 'data',
          sessions: 1,
        },
        {
          kid: promoted.sealingKey.kid,
          keyId: promoted.sealingKey.keyId.toString('hex'),
          state: 'active',
          use: 'data',
          sessions: 1,
        },
      ],
      unknown: [{ keyId: '0707070707070707', sessions: 1 }],
      total: 3,
      ring: 3,
    });
  });
});
