import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TierFailure } from '../../../src/errors.ts';
import type { PrimaryTier, PrimaryValue } from '../../../src/tiers/primary.ts';
import { cleanups } from '../../support/real-redis-tier.ts';
import {
  asAdmins,
  fillAt,
  keyAt,
  keyWhere,
  moveKey,
  nameOfShard,
  openedTier,
  shardOf,
  slotOfKey,
  valueFor,
} from '../../support/real-cluster-tier.ts';
import { closeSlot, openSlot } from '../../support/servers/redis-cluster-slots.ts';
import { startRedisCluster, type RedisCluster } from '../../support/servers/redis-cluster.ts';
import { redisFlavours } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

describe.each(redisFlavours())('a slot that moves, in a cluster of %s', (flavour) => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster({ flavour, replicas: 0 });
  });
  afterAll(() => cluster?.stop());

  const summary = async (tier: PrimaryTier, place: Buffer): Promise<string> => {
    const entry = await shardOf(tier, place).read(place);
    return entry.kind === 'value' ? `value ${entry.revision}` : entry.kind;
  };

  it('is followed by the first call that finds it elsewhere, and the tier names the new owner before that call ends', async () => {
    const tier = await openedTier(cluster);
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const place = await fillAt(tier, keyAt(tier, source));
    const shard = shardOf(tier, place);
    await cluster.moveSlots(source, target, [slotOfKey(place)]);
    // The tier may know already: by its question of each second.
    expect((await shard.read(place)).kind).toBe('value');
    expect(shardOf(tier, place).name).toBe(nameOfShard(target));
    expect(await shardOf(tier, place).publish(place, valueFor(tier, place, { revision: 6 }))).toBe(true);
    expect(await summary(tier, place)).toBe('value 6');
    await cluster.moveSlots(target, source, [slotOfKey(place)]);
    expect(await shard.publish(place, valueFor(tier, place, { revision: 7 }))).toBe(true);
    expect(await summary(tier, place)).toBe('value 7');
  });

  it('is read and written at both ends while its keys move one by one', async () => {
    const tier = await openedTier(cluster);
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const first = await fillAt(tier, keyAt(tier, source));
    const slot = slotOfKey(first);
    const sameSlot = (): Buffer => keyWhere((other) => other === slot);
    const written = [first];
    for (let count = 0; count < 5; count += 1) written.push(await fillAt(tier, sameSlot()));
    const shard = shardOf(tier, first);
    await asAdmins(source, target, async (from, to) => {
      await openSlot(slot, from, to);
      for (const [at, place] of written.entries()) {
        await moveKey(place, from, to);
        // Some have moved, some not.
        for (const [other, key] of written.entries()) {
          expect(await summary(tier, key)).toBe(`value ${other < at ? 6 : 5}`);
        }
        expect(await shard.publish(place, valueFor(tier, place, { revision: 6 }))).toBe(true);
      }
      const [moved, held, dead, restamped, evicted] = written as [Buffer, Buffer, Buffer, Buffer, Buffer];
      await shard.hold(held);
      await shard.tombstone(dead, 60_000);
      await shard.evict(evicted, 7);
      const { stamp, lastSeenAt, idleExpiresAt, ttlMs, envelope } = valueFor(tier, restamped, { revision: 6 });
      const tag = envelope.subarray(-16);
      expect(await shard.restamp(restamped, { revision: 6, tag, stamp, lastSeenAt, idleExpiresAt, ttlMs })).toBe(true);
      // A key that is nowhere yet belongs to the target already.
      const fresh = sameSlot();
      expect(await shard.lease(fresh, 'mine', null)).toBe(true);
      expect(await shard.fill(fresh, 'mine', valueFor(tier, fresh))).toBe(true);
      const kinds = async (): Promise<string[]> =>
        Promise.all([moved, held, dead, restamped, evicted, fresh].map((place) => summary(tier, place)));
      const expected = ['value 6', 'hold', 'tombstone', 'value 6', 'absent', 'value 5'];
      expect(await kinds()).toEqual(expected);
      expect(await to.admin.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(6);
      await closeSlot(slot, from, to);
      expect(await kinds()).toEqual(expected);
    });
    await cluster.moveSlots(target, source, [slot]);
  });

  it('serves no copy unconfirmed while it is handed over: the other server may have lost a write since', async () => {
    const tier = await openedTier(cluster);
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const place = await fillAt(tier, keyAt(tier, source));
    const shard = shardOf(tier, place);
    const { incarnation } = shard.vantage()!;
    const before = (await shard.read(place)) as PrimaryValue;
    expect(before.stamp.at).toBeGreaterThan(0);
    await asAdmins(source, target, async (from, to) => {
      await openSlot(slotOfKey(place), from, to);
      await moveKey(place, from, to);
      const copy = (await shard.read(place)) as PrimaryValue;
      expect(copy.stamp).toEqual({ incarnation, at: 0 });
      // But it may be filled over, which names the copy by the stamp that it bears.
      expect(await shard.lease(place, 'again', copy)).toBe(true);
      await closeSlot(slotOfKey(place), from, to);
    });
    await cluster.moveSlots(target, source, [slotOfKey(place)]);
  });

  it('doubts copies from before it went and came back, though they bear the stamp of their server', async () => {
    const tier = await openedTier(cluster);
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const place = await fillAt(tier, keyAt(tier, source));
    const { stamp } = (await shardOf(tier, place).read(place)) as PrimaryValue;
    for (const [from, to] of [
      [source, target],
      [target, source],
    ] as const) {
      await cluster.moveSlots(from, to, [slotOfKey(place)]);
      await until(() => shardOf(tier, place).name === nameOfShard(to), { what: 'the move to be noticed' });
    }
    const shard = shardOf(tier, place);
    expect(shard.vantage()!.incarnation).toBe(stamp.incarnation);
    expect(((await shard.read(place)) as PrimaryValue).stamp.at).toBe(0);
    // Once the database has confirmed it, it counts again.
    const { lastSeenAt, idleExpiresAt, ttlMs, envelope, stamp: now } = valueFor(tier, place);
    await until(() => shard.vantage()!.earliest > now.at + 1_000, { what: 'a second to pass' });
    const later = valueFor(tier, place).stamp;
    const tag = envelope.subarray(-16);
    expect(await shard.restamp(place, { revision: 5, tag, stamp: later, lastSeenAt, idleExpiresAt, ttlMs })).toBe(true);
    expect(((await shard.read(place)) as PrimaryValue).stamp).toEqual(later);
  });

  it('fails for what is not at its owner, where it was left half-way; the other node keeps its connection', async () => {
    const changes: string[] = [];
    const tier = await openedTier(cluster, { onShardChange: ({ name }) => changes.push(name) });
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const place = await fillAt(tier, keyAt(tier, source));
    const slot = slotOfKey(place);
    const shard = shardOf(tier, place);
    await source.asAdmin(async (admin) => {
      // The target does not import it, and sends each command back.
      await admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.id);
      const absent = keyWhere((other) => other === slot);
      const reasonOf = (call: Promise<unknown>): Promise<unknown> => call.catch(({ reason }: TierFailure) => reason);
      // A busy machine may take longer than the time limit of a call.
      await until(async () => {
        changes.length = 0;
        const reasons = [await reasonOf(shard.read(absent)), await reasonOf(shard.lease(absent, 'mine', null))];
        return reasons.every((reason) => reason === 'MOVED');
      });
      expect(changes).toEqual([]);
      expect(await summary(tier, place)).toBe('value 5');
      expect(tier.shards.map((each) => each.vantage() === null)).toEqual([false, false, false]);
      await admin.call('CLUSTER', 'SETSLOT', slot, 'STABLE');
      expect(await shard.lease(absent, 'mine', null)).toBe(true);
    });
  });

  it('fails where the node that has it refuses writes; that node keeps its connection', async () => {
    const changes: string[] = [];
    const tier = await openedTier(cluster, { onShardChange: ({ name }) => changes.push(name) });
    const [source, target] = [cluster.node(0), cluster.node(1)];
    const place = await fillAt(tier, keyAt(tier, source));
    const shard = shardOf(tier, place);
    await asAdmins(source, target, async (from, to) => {
      await openSlot(slotOfKey(place), from, to);
      await moveKey(place, from, to);
      await to.admin.config('SET', 'min-replicas-to-write', '1');
      cleanups.push(() => target.asAdmin((admin) => admin.config('SET', 'min-replicas-to-write', '0')));
      // A busy machine may take longer than the time limit of a call.
      await until(async () => {
        changes.length = 0;
        const writing = shard.publish(place, valueFor(tier, place, { revision: 6 }));
        return (await writing.catch(({ reason }: TierFailure) => reason)) === 'NOREPLICAS';
      });
      expect(changes).toEqual([]);
      await to.admin.config('SET', 'min-replicas-to-write', '0');
      expect(await summary(tier, place)).toBe('value 5');
      await closeSlot(slotOfKey(place), from, to);
    });
    await cluster.moveSlots(target, source, [slotOfKey(place)]);
  });

  it('fails over its time limit and not later, where the node that has it is frozen', async () => {
    const tier = await openedTier(cluster);
    const [source, target] = [cluster.node(0), cluster.node(2)];
    const place = await fillAt(tier, keyAt(tier, source));
    const shard = shardOf(tier, place);
    await asAdmins(source, target, async (from, to) => {
      await openSlot(slotOfKey(place), from, to);
      await moveKey(place, from, to);
      await target.pause();
      cleanups.push(() => target.resume());
      await expect(shard.publish(place, valueFor(tier, place, { revision: 6 }))).rejects.toMatchObject({
        kind: 'ambiguous',
        reason: 'deadline',
      });
      // What the frozen server got is not executed any more, and nothing that it holds is believed before it is met again.
      await target.resume();
      await expect.poll(() => tier.shards.every((each) => each.vantage() !== null), { timeout: 10_000 }).toBe(true);
      expect(await summary(tier, place)).toBe('value 5');
      await closeSlot(slotOfKey(place), from, to);
    });
    await cluster.whenServing();
    await cluster.moveSlots(target, source, [slotOfKey(place)]);
  });
});
