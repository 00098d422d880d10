import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../../../src/index.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, type FleetNode, MemoryFleet, seen, type Shop } from '../../../support/memory-fleet.ts';

/** After this long a touch is due, and the copy is still believed. */
const DUE_MS = 31_000;
const REVALIDATE_AFTER_MS = 60_000;

let fleet: MemoryFleet;
let node: FleetNode;
let other: FleetNode;
let id: string;

beforeEach(async () => {
  fleet = new MemoryFleet();
  [node, other] = [await fleet.node(), await fleet.node()];
  ({ id } = await node.sessions.create({ cart: [] }));
  await node.sessions.get(id);
  await settled();
});

/** The database forgets what these writes stored, as a standby does that takes over without them. Nothing else forgets it. */
async function lose(...items: string[]): Promise<void> {
  const before = fleet.rowOf(id)!;
  for (const item of items) await add(node.sessions, id, item);
  fleet.database.set(before.storageKey.toString('hex'), before);
}

async function addCutOff(item: string): Promise<void> {
  other.cutFromPrimary();
  await add(other.sessions, id, item);
  other.heal();
}

const strong = async (sessions: SessionClient<Shop>, touch = false) =>
  (await sessions.get(id, { consistency: 'strong', touch }))?.data.cart;

describe('a database that lost a commit', () => {
  it('is what a strong read shows, though a copy has the revision that it issued again', async () => {
    await lose('lost');
    await addCutOff('kept');
    expect(fleet.valueOf(id).entry.revision).toBe(fleet.rowOf(id)?.revision);
    expect(await strong(node.sessions)).toEqual(['kept']);
    expect(await strong(other.sessions)).toEqual(['kept']);
    await settled();
    expect(await seen(node.sessions, id)).toEqual({ cart: ['kept'], servedBy: 'primary' });
  });

  it('is what a strong read shows while a touch is due, which then confirms no copy of another envelope', async () => {
    await lose('lost');
    await addCutOff('kept');
    await fleet.platform.advance(DUE_MS);
    expect(await strong(node.sessions, true)).toEqual(['kept']);
    await settled();
    expect(await seen(other.sessions, id)).toMatchObject({ cart: ['kept'] });
  });

  it('is what a strong read shows, though a copy has a higher revision', async () => {
    await lose('lost', 'lost too');
    expect(fleet.valueOf(id).entry.revision).toBe(3);
    expect(await strong(node.sessions)).toEqual([]);
    expect(await strong(other.sessions, true)).toEqual([]);
    await settled();
    expect(await seen(node.sessions, id)).toEqual({ cart: [], servedBy: 'primary' });
  });

  it('is what every read shows once the copy is doubted', async () => {
    await lose('lost');
    await addCutOff('kept');
    await fleet.platform.advance(REVALIDATE_AFTER_MS + 1);
    expect(await seen(node.sessions, id)).toEqual({ cart: ['kept'], servedBy: 'durable' });
    expect(await seen(other.sessions, id)).toMatchObject({ cart: ['kept'] });
  });

  it('loses nothing more to a write that began from what it has lost: that begins again', async () => {
    await lose('lost');
    const inHand = (await node.sessions.get(id))!;
    expect(inHand.data.cart).toEqual(['lost']);
    await addCutOff('kept');
    const update = node.sessions.update(inHand, ({ cart }) => void cart.push('next'));
    await fleet.platform.advance(1_000);
    expect((await update).data.cart).toEqual(['kept', 'next']);
    await expect(node.sessions.replace(inHand, { cart: [] })).rejects.toMatchObject({
      code: 'HOLDFAST_REVISION_CONFLICT',
    });
  });

  it('and is written to again loses the copy of the same revision, which the next read replaces', async () => {
    await lose('lost');
    await other.sessions.get(id, { consistency: 'strong' });
    await settled();
    await lose('lost as well');
    const update = add(other.sessions, id, 'kept');
    await fleet.platform.advance(1_000);
    await update;
    expect(await seen(node.sessions, id)).toEqual({ cart: ['kept'], servedBy: 'durable' });
    await settled();
    expect(await seen(other.sessions, id)).toEqual({ cart: ['kept'], servedBy: 'primary' });
  });
});
