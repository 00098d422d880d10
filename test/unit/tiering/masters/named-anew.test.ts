import { describe, expect, it } from 'vitest';
import type { MemoryKeyspace } from '../../../../src/tiers/memory/index.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, MemoryFleet, seen, type FleetNode } from '../../../support/memory-fleet.ts';

const stateOf = async ({ sessions }: FleetNode): Promise<string> => {
  const { state, reason } = (await sessions.health()).primary;
  return reason ?? state;
};

interface Scene {
  readonly fleet: MemoryFleet;
  readonly one: FleetNode;
  readonly sleeper: FleetNode;
  readonly id: string;
  /** Leads the nodes that are awake back to the first server, and wakes the other. */
  readonly end: () => Promise<void>;
}

/** One node's polls are not answered for some seconds, in which the others go to another server. */
async function asleepWhileOthersMove(): Promise<Scene> {
  const fleet = new MemoryFleet();
  const other: MemoryKeyspace = new Map();
  const [one, two, sleeper] = [await fleet.node(), await fleet.node(), await fleet.node()];
  const lead = async (keyspace: MemoryKeyspace, ms: number): Promise<void> => {
    for (const node of [one, two]) {
      node.lead(keyspace);
      await settled();
    }
    await fleet.platform.advance(ms);
    expect(await Promise.all([one, two].map(stateOf))).toEqual(['up', 'up']);
  };
  const { id } = await one.sessions.create({ cart: [] } as never);
  await fleet.platform.advance(10);
  await one.sessions.get(id);
  await settled();
  expect((await seen(sleeper.sessions, id))?.servedBy).toBe('primary');
  await fleet.platform.advance(5_500);
  let wake: (() => void) | undefined;
  const sleep = new Promise<void>((resolve) => (wake = resolve));
  let isAsleep = true;
  sleeper.durable.override('feed.read', async (own, ...args) => {
    if (isAsleep) await sleep;
    return (own as (...given: unknown[]) => Promise<never>)(...args);
  });
  await lead(other, 3_000);
  const end = async (): Promise<void> => {
    await lead(fleet.keyspace, 1_000);
    isAsleep = false;
    wake?.();
    await settled();
    await fleet.platform.advance(3_000);
  };
  return { fleet, one, sleeper, id, end };
}

describe('a node whose polls were not answered while the names went to another server and back', () => {
  it('believes no copy from before', async () => {
    const { fleet, one, sleeper, id, end } = await asleepWhileOthersMove();
    await add(one.sessions, id, 'A1');
    expect(fleet.rowOf(id)?.dirtyAt).toBeNull();
    await end();
    expect(await seen(sleeper.sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
  });

  it('serves no session that was destroyed meanwhile', async () => {
    const { fleet, one, sleeper, id, end } = await asleepWhileOthersMove();
    await one.sessions.destroy(id);
    expect(fleet.rowOf(id)?.dirtyAt).toBeNull();
    await end();
    expect(await seen(sleeper.sessions, id)).toBeNull();
  });
});
