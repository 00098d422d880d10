import { describe, expect, it } from 'vitest';
import { TierUnavailableError } from '../../../../src/index.ts';
import { FEED_FRESH_MS } from '../../../../src/limits/feed.ts';
import { TrustFloor } from '../../../../src/tiering/trust/trust-floor.ts';
import type { Vantage } from '../../../../src/tiers/primary.ts';
import { settled } from '../../../support/fake-platform.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse, seen } from '../../../support/memory-fleet.ts';

const SECOND = 1_000;

describe('the trust floor', () => {
  it('is the latest that it may be on the server: a copy dated within the uncertainty may be from before', async () => {
    const vantage: Vantage = { incarnation: 'memory00', earliest: 10_000, latest: 10_100 };
    const floor = new TrustFloor({ look: () => vantage, revalidateAfterMs: 60_000 });
    const trustIn = (at: number) => floor.trustIn({ incarnation: 'memory00', at });
    expect(trustIn(10_050)).toBe('current');
    floor.raise();
    expect(trustIn(10_050)).toBe('foreign');
    expect(trustIn(10_100)).toBe('current');
  });
});

describe('a Redis that went back unnoticed', () => {
  /** A node, and a copy from before an update, longer ago than `revalidateAfter`. */
  async function rolledBack() {
    const fleet = new MemoryFleet();
    const node = await fleet.node({ revalidateAfter: 3 * SECOND, touchInterval: 2 * SECOND });
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id, { touch: false });
    await settled();
    const { entry } = fleet.valueOf(id);
    await add(node.sessions, id, 'A1');
    fleet.valueOf(id).replace(entry);
    await fleet.platform.advance(3 * SECOND + 300);
    return { fleet, node, id };
  }

  it('is not served for one lost statement: that is no outage of the database', async () => {
    const { node, id } = await rolledBack();
    for (const method of ['sessions.readState', 'sessions.touch'] as const) {
      node.durable.hook.before = failing(method);
      const read = node.sessions.get(id, { touch: method === 'sessions.touch' });
      await expect(read).rejects.toThrow(TierUnavailableError);
    }
  });

  it('is served alone by a node without the database, which does not make its copy younger for the others', async () => {
    const { fleet, node, id } = await rolledBack();
    const other = await fleet.node({ revalidateAfter: 3 * SECOND });
    node.durable.hook.before = refuse;
    await fleet.platform.advance(FEED_FRESH_MS + SECOND);
    expect(await seen(node.sessions, id)).toEqual({ cart: [], servedBy: 'primary' });
    await settled();
    expect(await seen(other.sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
  });
});

describe('a touch that was collected', () => {
  it('dates the copy by what was known when it was sent, not when it was answered', async () => {
    const fleet = new MemoryFleet();
    const node = await fleet.node({ touchInterval: 5 * SECOND });
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await fleet.platform.advance(6 * SECOND);
    const answer = gate();
    node.durable.override('sessions.touch', async (own, ...args) => {
      const state = await own(...args);
      await answer.wait();
      return state;
    });
    await node.sessions.get(id);
    await fleet.platform.advance(SECOND);
    await answer.reached;
    const sentAt = fleet.platform.now();
    await fleet.platform.advance(SECOND / 2);
    answer.pass();
    await settled();
    const { stamp } = fleet.valueOf(id).entry;
    expect(stamp.at).toBeGreaterThan(sentAt - SECOND);
    expect(stamp.at).toBeLessThanOrEqual(sentAt);
  });
});
