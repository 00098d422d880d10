import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import { FEED_FRESH_MS, FEED_INTERVAL_MS } from '../../../../src/limits/feed.ts';
import { storageKeyOf } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { ClusterFleet, type ClusterNode } from '../../../support/memory-cluster.ts';
import { add, seen } from '../../../support/memory-fleet.ts';

/** By then a breaker has probed a server that is there. */
const PROBED_MS = 2_000;

let fleet: ClusterFleet;
beforeEach(() => {
  fleet = new ClusterFleet();
});

/** Has the node read each session until Redis serves it. */
async function warm({ sessions }: ClusterNode, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await sessions.get(id, { touch: false });
    await settled();
    expect((await sessions.get(id, { touch: false }))?.servedBy).toBe('primary');
  }
}

/** A node with sessions on each of three servers, all in Redis. */
async function warmNode() {
  const node = await fleet.clusterNode();
  const on = {
    a: await fleet.sessionOn(node, 'a'),
    b: await fleet.sessionOn(node, 'b'),
    c: await fleet.sessionOn(node, 'c'),
  };
  await warm(node, on.a, on.b, on.c);
  return { node, on };
}

/** Returns which tier serves these sessions, and with how many statements. */
async function servedBy(node: ClusterNode, ...ids: string[]) {
  const before = node.statements();
  const tiers: string[] = [];
  for (const id of ids) tiers.push((await node.sessions.get(id, { touch: false }))?.servedBy ?? 'nobody');
  return { tiers, statements: node.statements() - before };
}

/** The changes of a tier that are published from now on. */
function tierChanges(): unknown[] {
  const changes: unknown[] = [];
  const note = (change: unknown): void => void changes.push(change);
  subscribe('holdfast:tier-change', note);
  onTestFinished(() => void unsubscribe('holdfast:tier-change', note));
  return changes;
}

describe('one server of three that is down', () => {
  it('concerns its own sessions only: those of the others never leave Redis', async () => {
    const { node, on } = await warmNode();
    await node.tier.disconnect('a');
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await servedBy(node, on.b, on.c)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
      expect((await servedBy(node, on.a)).tiers).toEqual(['durable']);
      await fleet.platform.advance(FEED_INTERVAL_MS);
    }
  });

  it('is `degraded`, `shard-down` in health and events, and `down` once all are', async () => {
    const { node } = await warmNode();
    const changes = tierChanges();
    await node.tier.disconnect('a');
    expect((await node.sessions.health()).primary).toMatchObject({ state: 'degraded', reason: 'shard-down' });
    expect(changes).toEqual([expect.objectContaining({ tier: 'primary', state: 'degraded', reason: 'shard-down' })]);
    await node.tier.disconnect('b');
    await node.tier.disconnect('c');
    expect((await node.sessions.health()).primary.state).toBe('down');
    for (const name of ['a', 'b', 'c']) await node.tier.connect(name);
    await fleet.platform.advance(PROBED_MS);
    expect((await node.sessions.health()).primary.state).toBe('up');
  });

  it('marks the writes to its sessions, and only those', async () => {
    const { node, on } = await warmNode();
    node.cutFrom('a');
    for (const id of [on.a, on.b, on.c]) await add(node.sessions, id, 'A1');
    expect([on.a, on.b, on.c].map((id) => (fleet.rowOf(id)?.dirtyAt ?? null) !== null)).toEqual([true, false, false]);
  });

  it('is not believed when it is back; the others are, all the time', async () => {
    const { node, on } = await warmNode();
    await node.tier.disconnect('a');
    await fleet.platform.advance(FEED_INTERVAL_MS);
    await node.tier.connect('a');
    await fleet.platform.advance(PROBED_MS);
    expect(await servedBy(node, on.b, on.c)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
    expect(await servedBy(node, on.a)).toEqual({ tiers: ['durable'], statements: 1 });
    expect(await servedBy(node, on.a)).toEqual({ tiers: ['primary'], statements: 0 });
  });

  it('that falls silent does not keep the copies of the others from being believed', async () => {
    const { node, on } = await warmNode();
    node.primary.hook.before = (method, shard) =>
      shard?.name === 'a' && method === 'confirm' ? new Promise(() => undefined) : undefined;
    await fleet.platform.advance(FEED_INTERVAL_MS / 2);
    node.primary.hook.before = (method, shard) => {
      if (shard?.name === 'a') throw new TypeError(`${method} of a server that is gone`);
    };
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await servedBy(node, on.b, on.c)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
    expect((await servedBy(node, on.a)).tiers).toEqual(['durable']);
  });
});

describe('the dirty feed of several servers', () => {
  /** A node that does not reach server a, and one that does; a session on each server that both believe. */
  async function cutAndOther() {
    const { node: other, on } = await warmNode();
    const cut = await fleet.clusterNode();
    cut.cutFrom('a');
    return { cut, other, on };
  }

  it('takes a copy away where it is, and asks no other server to', async () => {
    const { cut, other, on } = await cutAndOther();
    await add(cut.sessions, on.a, 'A1');
    const asked: (string | undefined)[] = [];
    other.primary.hook.before = (method, shard) => void (method === 'evict' && asked.push(shard?.name));
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(asked).toEqual(['a']);
    expect((await seen(other.sessions, on.a))?.cart).toEqual(['A1']);
  });

  it('entombs each earlier key of a session on its own server', async () => {
    const { node: other } = await warmNode();
    let [earlier, id] = ['', ''];
    do {
      ({ id: earlier } = await other.sessions.create({ cart: [] }));
      ({ id } = (await other.sessions.regenerate(earlier))!);
    } while (fleet.ownerOf(earlier) !== 'a' || fleet.ownerOf(id) !== 'b');
    await warm(other, id);
    for (const name of fleet.cluster.names) fleet.cluster.keyspaceOf(name).delete(fleet.keyOf(earlier));
    const cut = await fleet.clusterNode();
    cut.cutFromPrimary();
    cut.primary.hook.before = (_method, shard) => {
      if (shard !== undefined) throw new TypeError('not reached');
    };
    await cut.sessions.destroy(id);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect([fleet.kindOf(id), fleet.kindOf(earlier)]).toEqual(['tombstone', 'tombstone']);
  });

  it('goes on for the others while marks for one that is away come in, and that one is not believed when it is back', async () => {
    const { cut, other, on } = await cutAndOther();
    other.cutFrom('a');
    await add(cut.sessions, on.a, 'A1');
    await fleet.platform.advance(2 * FEED_FRESH_MS);
    expect(await servedBy(other, on.b, on.c)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
    expect((await other.sessions.health()).durable.state).toBe('up');
    other.heal();
    await fleet.platform.advance(PROBED_MS);
    expect(fleet.kindOf(on.a)).toBe('value');
    expect(await seen(other.sessions, on.a)).toEqual({ cart: ['A1'], servedBy: 'durable' });
  });

  it('does not forget a mark that it missed when the copy moves to a server that is believed', async () => {
    const { cut, other, on } = await cutAndOther();
    other.cutFrom('a');
    await add(cut.sessions, on.a, 'A1');
    await fleet.platform.advance(2 * FEED_FRESH_MS);
    fleet.cluster.move(storageKeyOf(on.a), 'b');
    expect(fleet.kindOf(on.a)).toBe('value');
    expect((await seen(other.sessions, on.a))?.cart).toEqual(['A1']);
  });

  it('does not forget its own write that missed a server when the copy moves to one that is believed', async () => {
    const { node, on } = await warmNode();
    await fleet.platform.advance(10);
    node.cutFrom('a');
    await add(node.sessions, on.a, 'A1');
    fleet.cluster.move(storageKeyOf(on.a), 'b');
    expect(fleet.kindOf(on.a)).toBe('value');
    expect((await seen(node.sessions, on.a))?.cart).toEqual(['A1']);
  });

  it('costs nobody anything when a copy moves of which no mark was missed', async () => {
    const { node, on } = await warmNode();
    fleet.cluster.move(storageKeyOf(on.a), 'b');
    expect(await servedBy(node, on.b, on.c)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
  });
});

describe('servers that come and go', () => {
  it('serve nothing before they are known: the database does, and writes are marked', async () => {
    const { node: whole, on } = await warmNode();
    const node = await fleet.clusterNode(['a', 'b']);
    expect((await servedBy(node, on.c)).tiers).toEqual(['durable']);
    await add(node.sessions, on.c, 'A1');
    expect(fleet.rowOf(on.c)?.dirtyAt).not.toBeNull();
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(whole.sessions, on.c))?.cart).toEqual(['A1']);
  });

  it('are probed before they are used, and nothing from before is believed', async () => {
    const { on } = await warmNode();
    const node = await fleet.clusterNode(['a', 'b']);
    await fleet.platform.advance(FEED_INTERVAL_MS);
    const asked: string[] = [];
    node.primary.hook.before = (method, shard) => void (shard?.name === 'c' && asked.push(method));
    await node.tier.join('c');
    expect((await servedBy(node, on.c)).tiers).toEqual(['durable']);
    await settled();
    expect(asked[0]).toBe('probe');
    expect(await servedBy(node, on.c)).toEqual({ tiers: ['durable'], statements: 1 });
    await warm(node, on.c);
  });

  it('leave the others as they are', async () => {
    const { node, on } = await warmNode();
    await node.tier.leave('c');
    expect((await node.sessions.health()).primary.state).toBe('up');
    expect(await servedBy(node, on.a, on.b)).toEqual({ tiers: ['primary', 'primary'], statements: 0 });
    expect((await servedBy(node, on.c)).tiers).toEqual(['durable']);
  });

  it('did not receive what was under way when they left: the write is marked', async () => {
    const { node, on } = await warmNode();
    const answer = gate();
    node.primary.override('publish', async (own, ...args) => {
      const done = await own(...args);
      await answer.wait();
      return done;
    });
    const update = add(node.sessions, on.c, 'A1');
    await answer.reached;
    await node.tier.leave('c');
    answer.pass();
    await update;
    expect(fleet.rowOf(on.c)?.dirtyAt).not.toBeNull();
  });

  it('did not receive what another answered without the key by then: the write is marked', async () => {
    const { node, on } = await warmNode();
    const answer = gate();
    node.primary.override('publish', async (own, ...args) => {
      const done = await own(...args);
      await answer.wait();
      return done;
    });
    const update = add(node.sessions, on.c, 'A1');
    await answer.reached;
    fleet.cluster.move(storageKeyOf(on.c), 'a');
    answer.pass();
    await update;
    expect(fleet.rowOf(on.c)?.dirtyAt).not.toBeNull();
  });

  it('are believed in nothing from before a write that was lost after its key had moved', async () => {
    const { node, on } = await warmNode();
    await fleet.platform.advance(10);
    node.primary.override('publish', async () => {
      fleet.cluster.move(storageKeyOf(on.c), 'a');
      throw new TierFailure('ambiguous', 'deadline');
    });
    await add(node.sessions, on.c, 'A1');
    expect(fleet.rowOf(on.c)?.dirtyAt).not.toBeNull();
    expect(await servedBy(node, on.a)).toEqual({ tiers: ['durable'], statements: 1 });
    expect((await seen(node.sessions, on.c))?.cart).toEqual(['A1']);
  });

  it('are reported where the last one leaves', async () => {
    const { node } = await warmNode();
    const changes = tierChanges();
    for (const name of ['a', 'b', 'c']) await node.tier.leave(name);
    expect(changes).toEqual([expect.objectContaining({ tier: 'primary', state: 'down', reason: 'no-servers' })]);
    expect((await node.sessions.health()).primary).toMatchObject({ state: 'down', reason: 'no-servers' });
  });

  it('leave no timer behind', async () => {
    const { node } = await warmNode();
    await node.tier.disconnect('a');
    const withOneAway = fleet.platform.pendingTimers;
    await node.tier.leave('a');
    expect(fleet.platform.pendingTimers).toBe(withOneAway - 1);
    await node.tier.disconnect('b');
    await node.sessions.close();
    await fleet.platform.advance(60_000);
    expect(fleet.platform.pendingTimers).toBe(0);
  });
});
