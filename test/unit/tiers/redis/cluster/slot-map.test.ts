import { describe, expect, it } from 'vitest';
import type { ClaimingMaster, NodesView } from '../../../../../src/tiers/redis/cluster/nodes-view.ts';
import { mergeViews } from '../../../../../src/tiers/redis/cluster/slot-map.ts';

const master = (id: string, epoch: number, ...ranges: [number, number][]): ClaimingMaster => ({
  id,
  epoch,
  ranges,
  address: { host: `${id}${epoch}`, port: 1 },
  hostname: undefined,
});
const view = (...masters: ClaimingMaster[]): NodesView => ({
  self: undefined,
  masters,
  ids: new Set(masters.map(({ id }) => id)),
  leaving: [],
});

describe('the map of slots', () => {
  it('gives a slot to the claim of the highest epoch, whichever node says so', () => {
    const old = view(master('a', 1, [0, 9]), master('b', 2, [10, 19]));
    const promoted = view(master('r', 7, [0, 9]), master('b', 2, [10, 19]));
    for (const views of [
      [old, promoted],
      [promoted, old],
    ]) {
      const { owners, masters } = mergeViews(views);
      expect([owners[0], owners[9], owners[10], owners[20]]).toEqual(['r', 'r', 'b', undefined]);
      expect([...masters.keys()].toSorted()).toEqual(['a', 'b', 'r']);
    }
  });

  it('gives single slots to a node that imported them, and leaves the rest where they are', () => {
    const { owners } = mergeViews([
      view(master('a', 1, [0, 9])),
      view(master('a', 1, [0, 4], [6, 9]), master('n', 4, [5, 5])),
    ]);
    expect(owners.slice(4, 7)).toEqual(['a', 'n', 'a']);
  });

  it('gives a slot with two claims of one epoch to the same node, whichever view comes first', () => {
    const [one, other] = [view(master('a', 3, [0, 9])), view(master('b', 3, [0, 9]))];
    expect(mergeViews([one, other]).owners).toEqual(mergeViews([other, one]).owners);
  });

  it('takes a master from the view that knows its latest epoch', () => {
    const { masters } = mergeViews([
      view(master('a', 1, [0, 9])),
      view(master('a', 3, [0, 9])),
      view(master('a', 2, [0, 9])),
    ]);
    expect(masters.get('a')?.address.host).toBe('a3');
  });

  it('has masters without slots as well, and a place for each slot though nobody has any', () => {
    const { masters, owners } = mergeViews([view(master('a', 1))]);
    expect([...masters.keys()]).toEqual(['a']);
    expect(new Set(owners)).toEqual(new Set([undefined]));
    expect(owners).toHaveLength(16_384);
  });
});
