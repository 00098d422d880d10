import { describe, expect, it } from 'vitest';
import type { MemoryKeyspace } from '../../../../src/tiers/memory/index.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, MemoryFleet, refuse, seen, type FleetNode } from '../../../support/memory-fleet.ts';

const stateOf = async ({ sessions }: FleetNode): Promise<string> => {
  const { state, reason } = (await sessions.health()).primary;
  return reason ?? state;
};

describe("a database's clock", () => {
  it('that is set forward by a minute lets no stray node use another server than the rest', async () => {
    const fleet = new MemoryFleet();
    const other: MemoryKeyspace = new Map();
    const [staying, stray] = [await fleet.node(), await fleet.node()];
    const { id } = await staying.sessions.create({ cart: [] } as never);
    await fleet.platform.advance(10);
    await staying.sessions.get(id);
    await settled();
    await fleet.platform.advance(2_950);
    stray.lead(other);
    await settled();
    await fleet.platform.advance(700);
    expect(await Promise.all([staying, stray].map(stateOf))).toEqual(['up', 'not-named']);
    // Each row looks dead until its next heartbeat.
    fleet.aheadMs.database += 61_000;
    for (let ms = 0; ms < 5_000 && (await stateOf(stray)) !== 'up'; ms += 10) await fleet.platform.advance(10);
    await seen(stray.sessions, id);
    await settled();
    await add(staying.sessions, id, 'A1');
    await settled();
    await fleet.platform.advance(3_000);
    expect((await seen(stray.sessions, id))?.cart).toEqual(['A1']);
  });

  it('that is set back does not keep Redis unused for the sake of a node that crashed', async () => {
    const fleet = new MemoryFleet();
    const other: MemoryKeyspace = new Map();
    const [crashed, node] = [await fleet.node(), await fleet.node()];
    await fleet.platform.advance(2_000);
    crashed.durable.hook.before = refuse;
    fleet.aheadMs.database -= 3_600_000;
    await fleet.platform.advance(15_000);
    node.lead(other);
    await settled();
    await fleet.platform.advance(60_000);
    expect(await stateOf(node)).toBe('up');
  });
});
