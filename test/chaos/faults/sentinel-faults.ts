import type { RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import type { Sentinel } from '../redis/sentinel.ts';
import { type FaultKind, healedBy, type Scene } from './fault-kind.ts';

function sentinelOf({ fleet: { redis } }: Scene): Sentinel {
  if (redis.topology !== 'sentinel') throw new Error('this fault is one of Sentinel');
  return redis;
}

/** The master is lost for the time of the fault. Back again it believes for ten seconds that it still is one. */
function masterLost(lose: (master: RedisServer, scene: Scene) => Promise<() => Promise<void>>): FaultKind {
  return {
    group: 'redis-server',
    losesRedis: true,
    ...healedBy(async (scene) => {
      const redis = sentinelOf(scene);
      const giveBack = await lose(await redis.master(), scene);
      return async () => {
        await giveBack();
        await redis.whenSettled();
      };
    }),
  };
}

export const SENTINEL_FAULTS = {
  'sentinel-master-killed-old-data': masterLost(async (master) => {
    // Refused while a replica is being given everything.
    await until(() => master.save().then(() => true), { what: 'the snapshot' });
    await master.kill();
    return () => master.start();
  }),
  'sentinel-master-killed-empty': masterLost(async (master) => {
    await master.kill();
    return () => master.start({ wipe: true });
  }),
  'sentinel-master-frozen': masterLost(async (master) => {
    await master.pause();
    return () => master.resume();
  }),
  'sentinel-and-master-frozen': masterLost(async (master, scene) => {
    const sentinel = sentinelOf(scene).set.sentinel(1);
    await Promise.all([sentinel.pause(), master.pause()]);
    return async () => {
      await Promise.all([sentinel.resume(), master.resume()]);
    };
  }),
  /** The old master takes writes without an error until it is demoted: two masters, and nodes move one by one. */
  'sentinel-master-replaced': masterLost(async (_master, scene) => {
    const done = sentinelOf(scene).set.failover();
    done.catch(() => undefined);
    return async () => void (await done);
  }),
  /** One node does not learn of the new master, and stays with the old one for as long as that takes writes. */
  'sentinel-stray-node': masterLost(async (_master, scene) => {
    for (const wire of scene.node.toRedis) {
      wire.set({ refuse: true });
      wire.resetAll();
    }
    const done = sentinelOf(scene).set.failover();
    done.catch(() => undefined);
    return async () => {
      await done;
      for (const wire of scene.node.toRedis) wire.heal();
    };
  }),
  /** The next master lacks what was written while the replicas did not follow. */
  'sentinel-replicas-lag': masterLost(async (master, scene) => {
    const { servers } = sentinelOf(scene).set;
    const replicas = servers.filter((server) => server !== master);
    await Promise.all(replicas.map((replica) => replica.pause()));
    // Else what they miss would lie in their sockets, to be read when they wake.
    await master.cli('CLIENT', 'KILL', 'TYPE', 'REPLICA');
    return async () => {
      await master.kill();
      await Promise.all(replicas.map((replica) => replica.resume()));
      await sentinelOf(scene).set.whenMasterIsNot(master);
      await master.start();
    };
  }),
} as const satisfies Record<string, FaultKind>;
