import type { DurableTierSubject } from 'holdfast/testing';
import { memoryDurableTier, type MemoryDatabase } from '../../src/tiers/memory/index.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { DurableTier } from '../../src/tiers/durable.ts';
import { withClock } from './memory-fleet.ts';

/** Rows in memory as the subject of the durable contract. `makeTier` may put something between the caller and the rows. */
export function subjectOn(
  rows: MemoryDatabase,
  makeTier: () => DurableTier = () => memoryDurableTier(rows),
): DurableTierSubject {
  return {
    makeTier,
    async mark(storageKey, dirtyAt) {
      const id = storageKey.toString('hex');
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, dirtyAt });
    },
    async see(namespace, node, seenAt) {
      const tier = memoryDurableTier(rows);
      await tier.open({ namespace, platform: withClock(systemPlatform, { now: () => seenAt }), timeoutMs: 1_000 });
      await tier.fleet.forget(node.nodeId);
      await tier.fleet.heartbeat(node);
    },
  };
}
