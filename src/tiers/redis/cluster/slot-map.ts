import type { ClaimingMaster, NodesView } from './nodes-view.ts';
import { SLOTS } from './slot.ts';

/** The masters, and the slots of each. */
export interface SlotMap {
  /** The masters by id, those without slots as well, each as the view with its highest config epoch shows it. */
  readonly masters: ReadonlyMap<string, ClaimingMaster>;
  /** The id of the master of each slot; undefined where none has it. */
  readonly owners: readonly (string | undefined)[];
}

/**
 * Merges what several nodes see. Each slot belongs to the claim of the highest config epoch: that is the cluster's own rule, and a
 * promotion or an import raises the epoch above all others, so one node that knows of it is enough.
 */
export function mergeViews(views: readonly NodesView[]): SlotMap {
  const owners: (string | undefined)[] = Array.from({ length: SLOTS });
  const epochs = new Float64Array(SLOTS).fill(-1);
  const latest = new Map<string, ClaimingMaster>();
  for (const master of views.flatMap(({ masters }) => masters)) {
    if (!((latest.get(master.id)?.epoch ?? -1) > master.epoch)) latest.set(master.id, master);
    for (const [first, last] of master.ranges) {
      for (let slot = first; slot <= last; slot += 1) {
        const epoch = epochs[slot] as number;
        // Two may have one epoch for a moment. All nodes choose the same one of them.
        if (master.epoch < epoch || (master.epoch === epoch && master.id > (owners[slot] as string))) continue;
        epochs[slot] = master.epoch;
        owners[slot] = master.id;
      }
    }
  }
  return { owners, masters: latest };
}
