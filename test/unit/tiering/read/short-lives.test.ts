import { beforeEach, describe, expect, it } from 'vitest';
import { LIFETIME_MS_MIN } from '../../../../src/limits/session.ts';
import { MemoryFleet, type FleetNode } from '../../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let other: FleetNode;
beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  other = await fleet.node();
});

describe.each([LIFETIME_MS_MIN, 500])('a session that ends after %i ms without use', (idle) => {
  const create = () => node.sessions.create({ cart: [] }, { lifetime: { idle } });

  it('lives to the millisecond, for every node and from either tier', async () => {
    const { id } = await create();
    await fleet.platform.advance(idle);
    for (const { sessions } of [node, other]) {
      expect(await sessions.get(id, { touch: false })).not.toBeNull();
      expect(await sessions.get(id, { touch: false, consistency: 'strong' })).not.toBeNull();
    }
    await fleet.platform.advance(1);
    for (const { sessions } of [node, other]) {
      expect(await sessions.get(id)).toBeNull();
      expect(await sessions.get(id, { consistency: 'strong' })).toBeNull();
    }
    await expect(other.sessions.update(id, () => undefined)).rejects.toMatchObject({
      code: 'HOLDFAST_SESSION_NOT_FOUND',
    });
  });

  it('lives on while it is used, also for a node that has only the database', async () => {
    const { id } = await create();
    other.cutFromPrimary();
    for (let use = 0; use < 30; use += 1) {
      await fleet.platform.advance(0.3 * idle);
      expect(await node.sessions.get(id)).not.toBeNull();
      await fleet.platform.advance(0.5 * idle);
      expect(await other.sessions.get(id, { touch: false })).not.toBeNull();
    }
    await fleet.platform.advance(idle);
    expect(await node.sessions.get(id)).toBeNull();
  });

  it('ends after its absolute lifetime, used or not', async () => {
    const { id } = await node.sessions.create({ cart: [] }, { lifetime: { idle, absolute: 2 * idle } });
    await fleet.platform.advance(idle);
    expect(await node.sessions.get(id)).not.toBeNull();
    await fleet.platform.advance(idle - 1);
    expect(await other.sessions.get(id)).not.toBeNull();
    await fleet.platform.advance(1);
    expect(await node.sessions.get(id)).toBeNull();
  });
});
