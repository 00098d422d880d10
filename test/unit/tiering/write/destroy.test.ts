import type { DurableMethod } from '../../../support/durable-methods.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import { DURABLE_TIMEOUT_MS_DEFAULT, LATECOMER_TIMEOUTS } from '../../../../src/limits/durable-tier.ts';
import { newSessionId } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { failing, MemoryFleet, type FleetNode } from '../../../support/memory-fleet.ts';

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

function forgetCalls({ primary, durable }: FleetNode): void {
  primary.calls.length = 0;
  durable.calls.length = 0;
}

describe('destroying an id that was made up', () => {
  it('asks both tiers what a read would ask them, and changes nothing', async () => {
    const node = await fleet.node();
    forgetCalls(node);
    expect(await node.sessions.destroy(newSessionId(fleet.platform))).toBe(false);
    expect(node.durable.calls).toEqual(['sessions.readState', 'sessions.findRegenerated']);
    expect(node.primary.calls).toEqual(['read']);
    expect(fleet.keyspace.size).toBe(0);
  });
});

describe('destroying a session', () => {
  it('holds its key before the row is revoked, and entombs it after that', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await settled();
    forgetCalls(node);
    const order: string[] = [];
    node.primary.hook.before = (method) => void order.push(method);
    node.durable.hook.before = (method) => void order.push(method);
    expect(await node.sessions.destroy(id)).toBe(true);
    expect(order).toEqual(['sessions.readState', 'hold', 'sessions.revoke', 'tombstone']);
  });

  it('that Redis knows is tried although the look for its row failed', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await settled();
    node.durable.hook.before = failing('sessions.readState');
    expect(await node.sessions.destroy(id)).toBe(true);
  });

  it('is owed if neither tier answers', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    node.durable.hook.before = failing('sessions.readState');
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    node.heal();
    await fleet.platform.advance(1_000);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('is an unknown outcome where not even Redis answered, and is still owed', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    node.durable.hook.before = failing('sessions.revoke');
    node.primary.hook.before = failing('tombstone');
    await expect(node.sessions.destroy(id)).rejects.toThrow(OutcomeUnknownError);
    node.heal();
    await fleet.platform.advance(2_000);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('that moves while its row is looked for finds it under its new key', async () => {
    const [node, other] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    let moved: { readonly id: string } | undefined;
    node.durable.hook.before = async (method) => {
      if (method === 'sessions.readState' || method === 'sessions.revoke')
        moved ??= await other.sessions.regenerate(id);
    };
    expect(await node.sessions.destroy(id)).toBe(true);
    expect(await other.sessions.get(moved?.id ?? '')).toBeNull();
  });

  it('that moves between the look and the revocation finds it under its new key', async () => {
    const [node, other] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    let moved: { readonly id: string } | undefined;
    node.durable.hook.before = async (method) => {
      if (method === 'sessions.revoke') moved ??= await other.sessions.regenerate(id);
    };
    expect(await node.sessions.destroy(id)).toBe(true);
    expect(await other.sessions.get(moved?.id ?? '')).toBeNull();
  });
});

describe('destroying a session that another node has just ended, which does not reach Redis', () => {
  it('keeps a reader that had read the row before from storing it', async () => {
    const [node, reader, cut] = [await fleet.node(), await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    const fill = gate();
    reader.primary.hook.before = (method) => (method === 'fill' ? fill.wait() : undefined);
    await reader.sessions.get(id);
    await fill.reached;
    cut.cutFromPrimary();
    expect(await cut.sessions.destroy(id)).toBe(true);
    expect(await node.sessions.destroy(id)).toBe(false);
    fill.pass();
    await settled();
    expect(await reader.sessions.get(id)).toBeNull();
  });

  it('takes away the copy that is in Redis', async () => {
    const [node, reader, cut] = [await fleet.node(), await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    await reader.sessions.get(id);
    await settled();
    cut.cutFromPrimary();
    expect(await cut.sessions.destroy(id)).toBe(true);
    expect(await node.sessions.destroy(id)).toBe(false);
    expect(await reader.sessions.get(id)).toBeNull();
  });
});

describe('destroying a session under the id from before a regenerate, while another call ends it', () => {
  async function endedUntold() {
    const [node, ending] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] }, { userId: 'ada' });
    const { id: present } = await node.sessions.regenerate(id);
    await node.sessions.get(present);
    await settled();
    const tombstone = gate();
    ending.primary.hook.before = (method) => (method === 'tombstone' ? tombstone.wait() : undefined);
    const ended = ending.sessions.destroyByUser('ada');
    await tombstone.reached;
    return { node, id, present, tombstone, ended };
  }

  it('takes away the copy that is in Redis under its present id', async () => {
    const { node, id, present, tombstone, ended } = await endedUntold();
    expect(await node.sessions.destroy(id)).toBe(false);
    expect(await node.sessions.get(present)).toBeNull();
    tombstone.pass();
    expect(await ended).toBe(1);
  });

  it('takes it away when the database answers again, if that did not answer at first', async () => {
    const { node, id, present, tombstone, ended } = await endedUntold();
    node.durable.hook.before = failing('sessions.readState');
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    node.heal();
    await fleet.platform.advance(500);
    expect(fleet.kindOf(present)).toBe('absent');
    tombstone.pass();
    expect(await ended).toBe(1);
  });
});

describe('destroying a session that the application named, whose INSERT may still come', () => {
  async function createdInDoubt(node: FleetNode) {
    const inserts: (() => Promise<unknown>)[] = [];
    node.durable.override('sessions.insert', async (own, ...args) => {
      inserts.push(() => own(...args));
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    const id = node.sessions.newId();
    await expect(node.sessions.create({ cart: [] }, { id })).rejects.toThrow(OutcomeUnknownError);
    return { id, commitLate: () => inserts[0]?.() };
  }

  it('is an unknown outcome, and ends what comes', async () => {
    const node = await fleet.node();
    const { id, commitLate } = await createdInDoubt(node);
    await expect(node.sessions.destroy(id)).rejects.toThrow(OutcomeUnknownError);
    await fleet.platform.advance(1_000);
    await commitLate();
    expect(fleet.rowOf(id)?.revokedAt).toBeNull();
    expect(await node.sessions.get(id)).toBeNull();
    await fleet.platform.advance(3 * LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('ends what has come, and finds nothing more to end', async () => {
    const node = await fleet.node();
    const { id, commitLate } = await createdInDoubt(node);
    await commitLate();
    expect(await node.sessions.destroy(id)).toBe(true);
    expect(await node.sessions.destroy(id)).toBe(false);
  });

  it('ends the session under its new id, and what still comes under the old one', async () => {
    const [node, other] = [await fleet.node(), await fleet.node()];
    const { id, commitLate } = await createdInDoubt(node);
    await commitLate();
    const moved = await other.sessions.regenerate(id);
    await other.sessions.destroy(moved.id);
    fleet.keyspace.clear();
    expect(await node.sessions.destroy(id)).toBe(false);
    await commitLate();
    expect(await node.sessions.get(id)).toBeNull();
    await fleet.platform.advance(3 * LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('finds nothing to end once it cannot come any more', async () => {
    const node = await fleet.node();
    const { id } = await createdInDoubt(node);
    await fleet.platform.advance(LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT + 1);
    expect(await node.sessions.destroy(id)).toBe(false);
  });
});

describe('destroying several sessions by their handles', () => {
  async function threeOf(node: FleetNode) {
    const mine = await Promise.all([1, 2, 3].map(() => node.sessions.create({ cart: [] }, { userId: 'u_42' })));
    const handles = mine.map(({ handle }) => handle);
    return { mine, end: () => node.sessions.destroyByHandle('u_42', handles) };
  }

  /** The methods fail from the n-th call on. */
  function failFrom(
    node: FleetNode,
    first: number,
    methods: readonly DurableMethod[],
    kind: 'ambiguous' | 'not-sent',
  ): void {
    let calls = 0;
    node.durable.hook.before = (method) => {
      if (methods.includes(method) && ++calls >= first) throw new TierFailure(kind, 'test');
    };
  }

  it('changed nothing where none of them could be asked about', async () => {
    const node = await fleet.node();
    const { end } = await threeOf(node);
    node.cutFromPrimary();
    await node.sessions.get(newSessionId(fleet.platform));
    failFrom(node, 1, ['sessions.revoke'], 'not-sent');
    await expect(end()).rejects.toThrow(TierUnavailableError);
  });

  it('is an unknown outcome where some were ended and others not', async () => {
    const node = await fleet.node();
    const { end } = await threeOf(node);
    node.cutFromPrimary();
    await node.sessions.get(newSessionId(fleet.platform));
    failFrom(node, 3, ['sessions.revoke'], 'not-sent');
    await expect(end()).rejects.toThrow(OutcomeUnknownError);
  });

  it('is not durable where those that could not be revoked are dead in Redis', async () => {
    const node = await fleet.node();
    const { end, mine } = await threeOf(node);
    failFrom(node, 2, ['sessions.revoke'], 'not-sent');
    await expect(end()).rejects.toThrow(RevocationNotDurableError);
    node.heal();
    const served = await Promise.all(mine.map(({ id }) => node.sessions.get(id)));
    expect(served).toEqual([null, null, null]);
  });
});
