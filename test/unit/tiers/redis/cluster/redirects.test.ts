import { expect, it } from 'vitest';
import { systemPlatform } from '../../../../../src/platform/platform.ts';
import type { ClusterMaster } from '../../../../../src/tiers/redis/cluster/cluster-master.ts';
import { Redirection } from '../../../../../src/tiers/redis/cluster/redirection.ts';
import { Redirects } from '../../../../../src/tiers/redis/cluster/redirects.ts';

it.each(['ASK', 'MOVED'] as const)(
  '%s to a node that no map has sends nothing, after the map was asked for twice',
  async (kind) => {
    let refreshes = 0;
    const moved: number[] = [];
    const redirects = new Redirects({
      context: { namespace: 'holdfast', platform: systemPlatform, timeoutMs: 10_000 },
      find: () => undefined,
      ownerOf: () => undefined,
      onMoved: (slot) => void moved.push(slot),
      refresh: async () => void (refreshes += 1),
    });
    const redirection = new Redirection(kind, 3_999, { host: '192.0.2.1', port: 6_381 });
    const asked = {} as ClusterMaster;
    const mutation = { script: 'holdfastEvict', key: 'holdfast:s:x', args: [] } as const;
    const failure = { kind: 'not-sent', reason: 'unknown-node' };
    const now = systemPlatform.monotonic();
    await expect(redirects.run(redirection, asked, now, { ...mutation, args: [] })).rejects.toMatchObject(failure);
    await expect(redirects.read(redirection, asked, now, mutation.key)).rejects.toMatchObject(failure);
    expect(refreshes).toBe(4);
    expect(moved).toEqual([]);
  },
);
