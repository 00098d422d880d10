import type { World } from '../world.ts';
import type { RedisServer } from './redis-server.ts';
import type { SimulatedShard } from './simulated-shard.ts';

export interface SlotMove {
  readonly from: SimulatedShard;
  readonly to: SimulatedShard;
  readonly slot: number;
  readonly lengthMs: number;
  epoch(): number;
}

/** The former owner learns of the new one from the others. */
const GOSSIP_MS_MAX = 200;

/** Of several that take the slot for their own, the one with the highest epoch. */
export function ownerAmong(servers: readonly RedisServer[], slot: number): RedisServer | undefined {
  const owners = servers.filter((server) => server.slots?.has(slot) === true);
  return owners.toSorted((a, b) => b.epoch - a.epoch)[0];
}

/**
 * A slot moves as Redis moves one: while it does, its owner serves the keys that it still has, and sends others on to the
 * importing server; each key moves in one step, with its time to live. Only the owner begins: a former one that still takes the slot for
 * its own would leave it on the move for good. Calls `onEnd` if the slot has moved.
 */
export function moveSlot(world: World, { from, to, slot, lengthMs, epoch }: SlotMove, onEnd: () => void): void {
  const [source, target] = [from.master, to.master];
  if (source.ownerOf?.(slot) !== source.name || source.moving.has(slot) || source === target) return;
  target.moving.delete(slot);
  world.note(() => `slot ${slot} begins to move from ${source.name} to ${target.name}`);
  source.moving.set(slot, target);
  target.importing.add(slot);
  const isOn = (): boolean =>
    [source, target].every(({ isUp, isReplica }) => isUp && !isReplica) &&
    from.master === source &&
    to.master === target;
  const moveKey = (name: string): void => {
    const stored = source.keyspace.get(name);
    if (!isOn() || stored === undefined) return;
    source.keyspace.delete(name);
    target.keyspace.set(name, stored);
  };
  for (const name of source.keysOf(slot)) world.at(world.random.between(0, lengthMs), () => moveKey(name));
  world.at(lengthMs, () => {
    source.moving.delete(slot);
    target.importing.delete(slot);
    if (!isOn()) return target.keysOf(slot).forEach((name) => target.keyspace.delete(name));
    source.keysOf(slot).forEach(moveKey);
    target.own(new Set([...(target.slots ?? []), slot]));
    target.lost.delete(slot);
    target.epoch = epoch();
    world.note(() => `slot ${slot} belongs to ${target.name}`);
    // Meanwhile both take it for their own, and the one that has no key of it sends each command on.
    source.moving.set(slot, target);
    source.lost.add(slot);
    world.at(world.random.between(0, GOSSIP_MS_MAX), () => {
      // It may have come back meanwhile.
      if (!source.lost.delete(slot)) return;
      source.moving.delete(slot);
      source.own(new Set([...(source.slots ?? [])].filter((owned) => owned !== slot)));
    });
    onEnd();
  });
}
