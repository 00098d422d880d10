import { describe, expect, it } from 'vitest';
import { ProbeKey } from '../../../../../src/tiers/redis/cluster/probe-key.ts';
import { slotOf } from '../../../../../src/tiers/redis/cluster/slot.ts';

describe('the key of probes in a cluster', () => {
  it('is in a slot of the shard, and stays while the shard has that slot', () => {
    let lowest = 8_000;
    const key = new ProbeKey('shop:probe', (slot) => slot >= lowest);
    const first = key.get()!;
    expect(first).toMatch(/^shop:probe:\d+$/);
    expect(slotOf(first)).toBeGreaterThanOrEqual(lowest);
    expect(key.get()).toBe(first);
    lowest = slotOf(first) + 1;
    expect(slotOf(key.get()!)).toBeGreaterThanOrEqual(lowest);
  });

  it('is not looked for without slots, and found once there is one', () => {
    const slots = new Set<number>();
    const key = new ProbeKey('shop:probe', (slot) => slots.has(slot));
    expect(key.get()).toBeNull();
    slots.add(1);
    expect(slotOf(key.get()!)).toBe(1);
  });

  it('is found for a shard of one slot', () => {
    expect(slotOf(new ProbeKey('shop:probe', (slot) => slot === 4_711).get()!)).toBe(4_711);
  });
});

describe('the slot of a key', () => {
  it.each([
    ['123456789', 12_739],
    ['', 0],
    ['foo', 12_182],
    ['hash_tag', 2_515],
  ])('of %j is that of CLUSTER KEYSLOT', (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });
});
