import type { ClusterNode } from '../../support/servers/redis-cluster.ts';
import { closeSlot, moveKeys, moveSlot, openSlot } from '../../support/servers/redis-cluster-slots.ts';
import { until } from '../../support/servers/until.ts';
import type { Cluster } from '../redis/cluster.ts';
import { type FaultKind, healedBy, type Scene } from './fault-kind.ts';

/** With slots that hold keys: sixteen sessions live at a time. */
const SLOTS_MOVED = 24;

function clusterOf({ fleet: { redis } }: Scene): Cluster {
  if (redis.topology !== 'cluster') throw new Error('this fault is one of a cluster');
  return redis;
}

/** One shard loses its master for the time of the fault, and has one again afterwards: the old one or its replica. */
function masterLost(lose: (master: ClusterNode) => Promise<() => Promise<void>>): FaultKind {
  return {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const redis = clusterOf(scene);
      const { master } = await redis.shard(scene.choice);
      const giveBack = await lose(master);
      return async () => {
        await giveBack();
        await redis.cluster.whenServing();
      };
    }),
  };
}

/** Does something with some used slots of a master, one after the other, and another master. */
async function withSlots(scene: Scene): Promise<(errand: SlotErrand) => Promise<void>> {
  const redis = clusterOf(scene);
  const { master: from } = await redis.shard(scene.choice);
  const { master: to } = await redis.shard((scene.choice + 0.34) % 1);
  const slots = await redis.usedSlots(from, SLOTS_MOVED);
  return (errand) =>
    from.asAdmin((source) =>
      to.asAdmin(async (target) => {
        for (const slot of slots) await errand(slot, { node: from, admin: source }, { node: to, admin: target });
      }),
    );
}

type SlotErrand = typeof moveSlot;

export const CLUSTER_FAULTS = {
  'cluster-master-killed-old-data': masterLost(async (master) => {
    await master.save();
    await master.kill();
    return () => master.start();
  }),
  'cluster-master-killed-empty': masterLost(async (master) => {
    await master.kill();
    return () => master.start({ wipe: true });
  }),
  'cluster-master-frozen': masterLost(async (master) => {
    await master.pause();
    return () => master.resume();
  }),
  /** There and back, as in a rolling update: no connection closes, and the old master is itself again. */
  'cluster-master-replaced': {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const redis = clusterOf(scene);
      const { master, replica } = await redis.shard(scene.choice);
      await redis.cluster.promote(replica);
      return async () => {
        await until(() => master.follows(), { what: 'the old master to follow' });
        await redis.cluster.promote(master);
        await redis.cluster.whenServing();
      };
    }),
  },
  /** The old master executes what lies in its sockets when it wakes, and believes for a moment that it is one. */
  'cluster-master-taken-over': {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const redis = clusterOf(scene);
      const { master, replica } = await redis.shard(scene.choice);
      await master.pause();
      await redis.cluster.promote(replica, 'takeover');
      return async () => {
        await master.resume();
        await redis.cluster.whenServing();
      };
    }),
  },
  /** The master is replaced, stops to follow, and takes over again with what it had: its run_id has not changed. */
  'cluster-master-returns-old': {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const redis = clusterOf(scene);
      const { master, replica } = await redis.shard(scene.choice);
      await redis.cluster.promote(replica);
      await until(() => master.follows(), { what: 'the old master to follow' });
      await master.pause();
      // Else what it misses would lie in its socket, to be read when it wakes.
      await replica.cli('CLIENT', 'KILL', 'TYPE', 'REPLICA');
      return async () => {
        await replica.kill();
        await master.resume();
        await until(() => master.isMaster(), { what: 'the old master to be elected', timeoutMs: 30_000 });
        await replica.start();
        await redis.cluster.whenServing();
      };
    }),
  },
  'cluster-shard-down': {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const redis = clusterOf(scene);
      const { master, replica } = await redis.shard(scene.choice);
      await Promise.all([master.kill(), replica.kill()]);
      return async () => {
        await Promise.all([master.start(), replica.start()]);
        await redis.cluster.whenServing();
      };
    }),
  },
  'cluster-slots-moved': {
    group: 'redis-server',
    async begin(scene) {
      const forEachSlot = await withSlots(scene);
      await forEachSlot(moveSlot);
    },
    end: () => undefined,
  },
  /** Slots on their way for the whole time, half of their keys moved: ASK for these, and for all that are new. */
  'cluster-slots-half-moved': {
    group: 'redis-server',
    ...healedBy(async (scene) => {
      const forEachSlot = await withSlots(scene);
      await forEachSlot(async (slot, source, target) => {
        await openSlot(slot, source, target);
        if (slot % 2 === 0) await moveKeys(slot, source, target);
      });
      return () =>
        forEachSlot(async (slot, source, target) => {
          await moveKeys(slot, source, target);
          await closeSlot(slot, source, target);
        });
    }),
  },
} as const satisfies Record<string, FaultKind>;
