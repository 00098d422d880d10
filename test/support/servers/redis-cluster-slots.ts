import type { Redis } from 'ioredis';
import type { ClusterNode } from './redis-cluster.ts';

interface End {
  readonly node: ClusterNode;
  readonly admin: Redis;
}

const KEYS_AT_ONCE = 100;
const MIGRATE_TIMEOUT_MS = 5_000;

/** Moves one slot in the steps of redis-cli: the target first at the beginning, and first at the end. */
export async function moveSlot(slot: number, source: End, target: End): Promise<void> {
  await openSlot(slot, source, target);
  await moveKeys(slot, source, target);
  await closeSlot(slot, source, target);
}

/** From here on the source answers ASK for what it does not have. */
export async function openSlot(slot: number, source: End, target: End): Promise<void> {
  await target.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source.node.id);
  await source.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target.node.id);
}

export async function closeSlot(slot: number, source: End, target: End): Promise<void> {
  await target.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', target.node.id);
  await source.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', target.node.id);
}

/** All that the slot holds: nothing new comes into it at the source once it is open. */
export async function moveKeys(slot: number, source: End, { node }: End): Promise<void> {
  const { username, password } = node.admin;
  const place = [node.host, node.port, '', 0, MIGRATE_TIMEOUT_MS];
  for (;;) {
    const keys = (await source.admin.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)) as Buffer[];
    if (keys.length === 0) return;
    await source.admin.call('MIGRATE', ...place, 'AUTH2', username, password, 'KEYS', ...keys);
  }
}
