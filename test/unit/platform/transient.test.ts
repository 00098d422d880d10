import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { TransientMap, TransientSet } from '../../../src/platform/transient.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
type Passage = Pick<TransientMap<number, object>, 'delete' | 'set'>;

const VALUE_BYTES = 1_024;

/** Lets values through the map; all but the last few are garbage then. */
function pass(map: Passage, count: number): void {
  for (let key = 0; key < count; key += 1) {
    map.set(
      key,
      Array.from({ length: VALUE_BYTES / 8 }, (_, at) => at + 0.5),
    );
    map.delete(key - 32);
  }
}

/** How many of what passed through after the map had grown old outlive a collection of the young generation. */
function survivors(map: Passage): number {
  pass(map, 100);
  collect();
  collect();
  const before = process.memoryUsage().heapUsed;
  pass(map, 5_000);
  collect({ type: 'minor' });
  collect({ type: 'minor' });
  return (process.memoryUsage().heapUsed - before) / VALUE_BYTES;
}

describe('TransientMap', () => {
  it('behaves like a map', () => {
    const map = new TransientMap<number, string>();
    for (let key = 0; key < 1_000; key += 1) {
      map.set(key, `${key}`);
      if (key >= 10) expect(map.delete(key - 10)).toBe(true);
    }
    expect(map.size).toBe(10);
    expect(map.get(995)).toBe('995');
    expect(map.get(5)).toBeUndefined();
    expect(map.delete(5)).toBe(false);
    expect([...map.keys()]).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
    expect([...map.values()]).toEqual([...map.keys()].map(String));
    expect([...map][0]).toEqual([990, '990']);
  });

  it('deletes entries while it is iterated', () => {
    const set = new TransientSet<number>();
    for (let value = 0; value < 1_000; value += 1) set.add(value);
    const seen: number[] = [];
    for (const value of set) {
      seen.push(value);
      set.delete(value);
    }
    expect(seen).toHaveLength(1_000);
    expect(set.size).toBe(0);
  });

  it('does not promote its garbage to the old generation, as a Map does', () => {
    const map = new Map<number, object>();
    const ofMap = survivors({ set: (key, value) => void map.set(key, value), delete: (key) => map.delete(key) });
    const ofTransientMap = survivors(new TransientMap());
    expect(ofTransientMap).toBeLessThan(ofMap / 4);
  });
});
