import { existsSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin } from '../support/servers/redis-admin.ts';
import { type ClusterNode, type RedisCluster, startRedisCluster } from '../support/servers/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../support/servers/redis-sentinel.ts';
import { insistsOnDocker } from '../support/servers/provider.ts';
import { redisFlavours, type RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';

/** One errand as the application's user. */
const asApplication = <T>(server: RedisServer, errand: (client: Redis) => Promise<T>): Promise<T> =>
  asAdmin(server.coordinates, { username: server.username, password: server.password }, errand);

/** Containers have no pid here; whether any is left is asked at the end of the run. */
const isGone = (pid: number | undefined): boolean => {
  if (pid === undefined) return insistsOnDocker();
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

describe.each(redisFlavours())('a cluster of %s', (flavour) => {
  /** CRC16 of `{a}`. */
  const SLOT_OF_A = 15_495;
  const name = (key: number): string => `holdfast:{a}${key}`;
  let cluster: RedisCluster;
  let owner: ClusterNode;

  beforeAll(async () => {
    cluster = await startRedisCluster({ flavour, spares: 1 });
    owner = await cluster.masterOf(SLOT_OF_A, cluster.node(0));
  });
  afterAll(() => cluster?.stop());

  test('has three masters with all slots, a replica of each, and a spare', async () => {
    const lines = await cluster.node(6).clusterNodes();
    const slots = lines.flatMap(({ ranges }) => ranges).reduce((sum, [first, last]) => sum + last - first + 1, 0);
    expect(slots).toBe(16_384);
    expect(lines.filter(({ flags }) => flags.includes('master'))).toHaveLength(4);
    for (const at of [0, 1, 2]) {
      expect(await cluster.replicasOf(cluster.node(at), cluster.node(6))).toEqual([cluster.node(at + 3)]);
    }
  });

  test('lets the application see the topology and do nothing beyond its own keys', async () => {
    await asApplication(owner, async (client) => {
      expect(await client.cluster('NODES')).toContain('myself');
      expect(await client.set(name(1), 'one')).toBe('OK');
      await expect(client.set('other:{a}', '1')).rejects.toThrow(/NOPERM/);
      await expect(client.cluster('FAILOVER')).rejects.toThrow(/NOPERM/);
    });
  });

  test('moves slots with their keys, and a client is sent after them', async () => {
    const spare = cluster.node(6);
    await owner.asAdmin(async (admin) => {
      for (let key = 0; key < 250; key += 1) await admin.set(name(key), 'here');
    });
    await cluster.moveSlots(owner, spare, [SLOT_OF_A - 1, SLOT_OF_A]);
    await expect(asApplication(owner, (client) => client.mget(name(249)))).rejects.toThrow(`MOVED ${SLOT_OF_A}`);
    expect(await asApplication(spare, (client) => client.mget(name(249)))).toEqual(['here']);
    for (const at of [0, 1, 2]) expect(await cluster.masterOf(SLOT_OF_A, cluster.node(at))).toBe(spare);
    await cluster.moveSlots(spare, owner, [SLOT_OF_A - 1, SLOT_OF_A]);
  });

  test('elects the replica of a master that was killed, while the others serve', async () => {
    const [first, heir] = [cluster.node(0), cluster.node(3)];
    await first.kill();
    await until(() => heir.isMaster(), { what: 'the election' });
    expect(await asApplication(owner, (client) => client.mget(name(1)))).not.toEqual([null]);
    await first.start();
    await cluster.whenServing();
    expect(await first.isMaster()).toBe(false);
    await cluster.promote(first);
    expect(await first.isMaster()).toBe(true);
  });

  test('counts the commands of each node', async () => {
    const before = await cluster.calls('mget');
    await asApplication(owner, (client) => client.mget(name(1)));
    const after = await cluster.calls('mget');
    const more = after.map((calls, at) => calls - (before[at] ?? 0));
    expect(more).toEqual(cluster.nodes.map((node) => (node === owner ? 1 : 0)));
  });

  test('leaves nothing behind', async () => {
    const pids = cluster.nodes.map(({ pid }) => pid);
    await cluster.stop();
    expect(pids.every(isGone)).toBe(true);
    expect(cluster.nodes.filter(({ dir }) => existsSync(dir))).toEqual([]);
  });
});

describe.each(redisFlavours())('three sentinels of %s', (flavour) => {
  let set: RedisSentinel;

  beforeAll(async () => {
    set = await startRedisSentinel({ flavour, replicas: 2, downAfterMs: 500 });
  });
  afterAll(() => set?.stop());

  test('name the master to the application, and nothing more', async () => {
    await asApplication(set.sentinel(2), async (client) => {
      const address = await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', set.coordinates.name);
      expect(address).toEqual(['127.0.0.1', `${set.server(0).port}`]);
      await expect(client.call('SENTINEL', 'FAILOVER', set.coordinates.name)).rejects.toThrow(/NOPERM/);
    });
  });

  test('replace the master when they are asked to, and when it is killed', async () => {
    const second = await set.failover();
    expect(second).not.toBe(set.server(0));
    await second.kill();
    const third = await set.whenMasterIsNot(second);
    expect(third).not.toBe(second);
    const write = () => asApplication(third, (client) => client.set('holdfast:a', '1'));
    expect(await until(write, { what: 'the third master to accept a write' })).toBe('OK');
  });

  test('leave nothing behind', async () => {
    const pids = [...set.servers, ...set.sentinels].map(({ pid }) => pid);
    await set.stop();
    expect(pids.every(isGone)).toBe(true);
    expect([...set.servers, ...set.sentinels].filter(({ dir }) => existsSync(dir))).toEqual([]);
  });
});
