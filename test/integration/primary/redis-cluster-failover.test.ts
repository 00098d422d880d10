import { describe, expect, it } from 'vitest';
import type { PrimaryTier } from '../../../src/tiers/primary.ts';
import {
  fillAt,
  isUsable,
  keyAt,
  keysAt,
  nameOfShard,
  openedTier,
  serves,
  shardOf,
  startCluster,
} from '../../support/real-cluster-tier.ts';
import { failureOf } from '../../support/real-redis-tier.ts';
import type { RedisCluster } from '../../support/servers/redis-cluster.ts';
import { redisFlavours } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

/** Reads keys of the shards that nothing happens to until it is stopped, and resolves to the failures. */
function bystanders(tier: PrimaryTier, places: readonly Buffer[]): () => Promise<unknown[]> {
  const failures: unknown[] = [];
  const stop = new AbortController();
  const caller = async (place: Buffer): Promise<void> => {
    while (!stop.signal.aborted) {
      const shard = shardOf(tier, place);
      if (shard.vantage() === null) failures.push(shard.failure());
      await shard.read(place).catch((error: unknown) => failures.push(error));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const callers = places.map(caller);
  return async () => {
    stop.abort();
    await Promise.all(callers);
    return failures;
  };
}

/** A tier on a cluster of which the first shard is about to fail, and calls to the two others meanwhile. */
async function beforeFault(cluster: RedisCluster) {
  const tier = await openedTier(cluster);
  const [master, second, third] = [cluster.node(0), cluster.node(1), cluster.node(2)];
  const place = await fillAt(tier, keyAt(tier, master));
  const others = [...keysAt(tier, second, 4), ...keysAt(tier, third, 4)];
  for (const other of others) await fillAt(tier, other);
  return { tier, master, replica: cluster.node(3), place, failuresElsewhere: bystanders(tier, others) };
}

describe.each(redisFlavours())('a fail-over in a cluster of %s', (flavour) => {
  it('makes the replica of a killed master another shard, and concerns no other shard', async () => {
    const cluster = await startCluster({ flavour });
    const { tier, master, replica, place, failuresElsewhere } = await beforeFault(cluster);
    const shard = shardOf(tier, place);
    const { incarnation } = shard.vantage()!;
    await master.kill();
    await until(() => shard.vantage() === null, { what: 'the loss to be noticed' });
    expect(await failureOf(shard.read(place))).toMatchObject({ kind: 'not-sent' });
    await serves(tier, replica);
    expect(tier.shards.map(({ name }) => name)).not.toContain(nameOfShard(master));
    const successor = shardOf(tier, place);
    expect(successor.name).toBe(nameOfShard(replica));
    expect(successor.vantage()!.incarnation).not.toBe(incarnation);
    // The copy is there, with the stamp of the master that is gone.
    expect(await successor.read(place)).toMatchObject({ kind: 'value', stamp: { incarnation } });
    expect(await failuresElsewhere()).toEqual([]);
  });

  it('leaves a frozen master for its replica, and does not go back when it thaws', async () => {
    const cluster = await startCluster({ flavour });
    const { tier, master, replica, place, failuresElsewhere } = await beforeFault(cluster);
    await master.pause();
    await serves(tier, replica);
    expect(shardOf(tier, place).name).toBe(nameOfShard(replica));
    await master.resume();
    await until(async () => !(await master.isMaster()), { what: 'the old master to follow the new one' });
    expect(shardOf(tier, place).name).toBe(nameOfShard(replica));
    await shardOf(tier, place).confirm();
    expect(await failuresElsewhere()).toEqual([]);
  });

  it('that is planned moves the tier there and back, and each time the incarnation is another', async () => {
    const cluster = await startCluster({ flavour });
    const { tier, master, replica, place, failuresElsewhere } = await beforeFault(cluster);
    const { incarnation } = shardOf(tier, place).vantage()!;
    await cluster.promote(replica);
    await serves(tier, replica);
    await until(() => !isUsable(tier, master), { what: 'the old shard to go' });
    await cluster.whenServing();
    await cluster.promote(master);
    await serves(tier, master);
    // The process is the same, and what was written to it may have been rolled back in between.
    expect(shardOf(tier, place).vantage()!.incarnation).not.toBe(incarnation);
    expect(await failuresElsewhere()).toEqual([]);
  });

  it('does not happen if the master is back within the node timeout: the shard is the same, with another incarnation', async () => {
    const cluster = await startCluster({ flavour, nodeTimeoutMs: 20_000 });
    const { tier, master, place, failuresElsewhere } = await beforeFault(cluster);
    const shard = shardOf(tier, place);
    const { incarnation } = shard.vantage()!;
    await master.restart({ wipe: true });
    // It answers CLUSTERDOWN for about two seconds after its start, and is not of use until then.
    await until(() => shard.vantage() !== null && shard.vantage()!.incarnation !== incarnation, {
      what: 'the restarted master to serve',
    });
    await shard.probe();
    expect(shardOf(tier, place)).toBe(shard);
    expect(await shard.read(place)).toEqual({ kind: 'absent' });
    expect(await failuresElsewhere()).toEqual([]);
  });
});
