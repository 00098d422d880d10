import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SessionClient } from '../../../../src/index.ts';
import { FEED_FRESH_MS } from '../../../../src/limits/feed.ts';
import { NODE_ALIVE_MS } from '../../../../src/limits/fleet.ts';
import { MASTERS_DISPUTE_MS, MASTERS_GRACE_MS, MASTERS_QUICK_FOR_MS } from '../../../../src/limits/masters.ts';
import type { TierChange } from '../../../../src/telemetry/channels.ts';
import type { MemoryKeyspace } from '../../../../src/tiers/memory/index.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, MemoryFleet, refuse, seen, type FleetNode, type Shop } from '../../../support/memory-fleet.ts';

/** What a node that waits polls, and what the others see of it, takes this long at most. */
const SOON_MS = 1_000;

class Servers extends MemoryFleet {
  readonly other: MemoryKeyspace = new Map();

  /** A node that is led to the other server. */
  stray(): Promise<FleetNode> {
    return this.node({}, this.other);
  }

  /** Leads a node to the other server, or back. */
  async lead(node: FleetNode, keyspace: MemoryKeyspace): Promise<void> {
    node.lead(keyspace);
    await settled();
  }
}

const primaryOf = async ({ sessions }: FleetNode) => {
  const { state, reason } = (await sessions.health()).primary;
  return reason ?? state;
};

const statements = ({ durable }: FleetNode): string[] => durable.calls.filter((name) => name !== 'feed.clear');

/** Creates a session, and reads it until a copy is served. */
async function cached(fleet: MemoryFleet, sessions: SessionClient<Shop>): Promise<string> {
  const { id } = await sessions.create({ cart: [] });
  await fleet.platform.advance(10);
  await sessions.get(id);
  await settled();
  expect(await seen(sessions, id)).toEqual({ cart: [], servedBy: 'primary' });
  return id;
}

let fleet: Servers;
const changes: TierChange[] = [];
const note = (message: unknown): void => void changes.push(message as TierChange);
beforeEach(() => {
  fleet = new Servers();
  changes.length = 0;
  subscribe('holdfast:tier-change', note);
});
afterEach(() => unsubscribe('holdfast:tier-change', note));

describe('a node that is the first', () => {
  it('names its server before its first read, and uses it', async () => {
    const node = await fleet.node();
    expect(await primaryOf(node)).toBe('up');
    expect(statements(node)).toEqual([
      'open',
      'probe',
      'fleet.raiseRing',
      'fleet.heartbeat',
      'fleet.raiseRing',
      'fleet.read',
      'feed.read',
      'fleet.read',
      'fleet.nameMasters',
      'feed.read',
    ]);
    await cached(fleet, node.sessions);
    expect(changes).toEqual([]);
  });

  it('is not the only one: all that begin at once use the server that one of them has named', async () => {
    const nodes = await Promise.all([fleet.node(), fleet.node(), fleet.node()]);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['up', 'up', 'up']);
  });

  it('leaves the next one no more to ask than a poll', async () => {
    await fleet.node();
    const next = await fleet.node();
    expect(statements(next).slice(-2)).toEqual(['fleet.read', 'feed.read']);
    expect(await primaryOf(next)).toBe('up');
  });
});

describe('a stray node', () => {
  it('never takes Redis from the others, however long it stays', async () => {
    const nodes = [await fleet.node(), await fleet.node(), await fleet.node()];
    const id = await cached(fleet, nodes[0]!.sessions);
    const stray = await fleet.stray();
    for (let second = 0; second < 90; second += 1) {
      await fleet.platform.advance(1_000);
      expect(await primaryOf(stray)).toBe('not-named');
      for (const node of nodes) expect(await primaryOf(node)).toBe('up');
    }
    for (const { sessions } of nodes) {
      await sessions.get(id);
      await settled();
      expect((await seen(sessions, id))?.servedBy).toBe('primary');
    }
    expect(changes).toMatchObject([{ tier: 'primary', state: 'degraded', reason: 'not-named' }]);
  });

  it('does not take Redis from a single other one', async () => {
    const node = await fleet.node();
    const stray = await fleet.stray();
    await fleet.platform.advance(2 * NODE_ALIVE_MS);
    expect([await primaryOf(node), await primaryOf(stray)]).toEqual(['up', 'not-named']);
  });

  it('works from the database, and its writes are marked for the others', async () => {
    const node = await fleet.node();
    const id = await cached(fleet, node.sessions);
    const stray = await fleet.stray();
    await add(stray.sessions, id, 'A1');
    expect(fleet.rowOf(id)?.dirtyAt).not.toBeNull();
    expect(stray.primary.calls).not.toContain('publish');
    expect(await seen(stray.sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(node.sessions, id))?.cart).toEqual(['A1']);
    expect(fleet.other.size).toBe(0);
  });

  it('that comes home is of use again at once', async () => {
    const node = await fleet.node();
    const stray = await fleet.stray();
    await fleet.platform.advance(10_000);
    await fleet.lead(stray, fleet.keyspace);
    await fleet.platform.advance(10);
    expect([await primaryOf(node), await primaryOf(stray)]).toEqual(['up', 'up']);
  });
});

describe('a fail-over that half of the nodes have not noticed', () => {
  it('misleads nobody for longer than the feed: what one side writes, the other reads from the database', async () => {
    const [staying, moving] = [await fleet.node(), await fleet.node()];
    const id = await cached(fleet, staying.sessions);
    await fleet.lead(moving, fleet.other);
    for (const [writer, reader, item] of [
      [staying, moving, 'A1'],
      [moving, staying, 'B1'],
      [staying, moving, 'A2'],
    ] as const) {
      await add(writer.sessions, id, item);
      await fleet.platform.advance(FEED_FRESH_MS);
      expect((await seen(reader.sessions, id))?.cart).toContain(item);
      expect((await seen(writer.sessions, id))?.cart).toContain(item);
    }
    expect([await primaryOf(staying), await primaryOf(moving)]).toEqual(['up', 'not-named']);
  });

  it('names the other server once most nodes are there, and the last one works from the database until it follows', async () => {
    const nodes = [await fleet.node(), await fleet.node(), await fleet.node()];
    const [first, second, last] = nodes as [FleetNode, FleetNode, FleetNode];
    const id = await cached(fleet, first.sessions);
    await fleet.lead(first, fleet.other);
    await fleet.lead(second, fleet.other);
    // Not all have reported it, so an earlier name may still be in use: the last node's view of it has to end.
    await fleet.platform.advance(MASTERS_GRACE_MS - 100);
    expect(await primaryOf(first)).toBe('not-named');
    await fleet.platform.advance(SOON_MS);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['up', 'up', 'not-named']);
    await add(last.sessions, id, 'A1');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(first.sessions, id))?.cart).toEqual(['A1']);
    await fleet.lead(last, fleet.other);
    await fleet.platform.advance(10);
    expect(await primaryOf(last)).toBe('up');
  });

  it.each<[string, (nodes: readonly FleetNode[]) => Promise<FleetNode> | FleetNode]>([
    ['a node that was there', ([first]) => first!],
    ['a new process, which never saw another server', () => fleet.node()],
  ])('and back: copies that the first server still has are not believed by %s', async (_who, reader) => {
    const nodes = [await fleet.node(), await fleet.node()];
    const [writer] = nodes as [FleetNode, FleetNode];
    const id = await cached(fleet, writer.sessions);
    for (const node of nodes) await fleet.lead(node, fleet.other);
    await fleet.platform.advance(SOON_MS);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['up', 'up']);
    await add(writer.sessions, id, 'A1');
    expect(fleet.rowOf(id)?.dirtyAt).toBeNull();
    for (const node of nodes) await fleet.lead(node, fleet.keyspace);
    await fleet.platform.advance(SOON_MS);
    const { sessions } = await reader(nodes);
    expect(await seen(sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
  });
});

describe('a server that has restarted', () => {
  it('counts for all nodes as soon as all have met it, for a few statements each', async () => {
    const nodes = [await fleet.node(), await fleet.node(), await fleet.node(), await fleet.node()];
    await fleet.platform.advance(5_500);
    for (const node of nodes) node.durable.calls.length = 0;
    for (const node of nodes) await fleet.lead(node, fleet.other);
    await fleet.platform.advance(250);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['up', 'up', 'up', 'up']);
    for (const node of nodes) expect(statements(node).length).toBeLessThanOrEqual(10);
    expect(changes.filter(({ reason }) => reason === 'not-named')).toEqual([]);
  });

  it('counts at once for a node that is alone', async () => {
    const node = await fleet.node();
    await fleet.lead(node, fleet.other);
    expect(await primaryOf(node)).toBe('up');
  });

  it('counts after the grace where a node has crashed within the last minute', async () => {
    const crashed = await fleet.node();
    const nodes = [await fleet.node(), await fleet.node()];
    crashed.durable.hook.before = refuse;
    for (const node of nodes) await fleet.lead(node, fleet.other);
    await fleet.platform.advance(MASTERS_GRACE_MS - 100);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['not-named', 'not-named']);
    await fleet.platform.advance(400);
    expect(await Promise.all(nodes.map(primaryOf))).toEqual(['up', 'up']);
  });

  it('counts after a dispute and the grace where half of the nodes have crashed, and not before', async () => {
    const [crashed, node] = [await fleet.node(), await fleet.node()];
    crashed.durable.hook.before = refuse;
    await fleet.lead(node, fleet.other);
    await fleet.platform.advance(MASTERS_DISPUTE_MS + MASTERS_GRACE_MS - 100);
    expect(await primaryOf(node)).toBe('not-named');
    await fleet.platform.advance(SOON_MS);
    expect(await primaryOf(node)).toBe('up');
  });
});

describe('while the database is away', () => {
  it('a server that counted goes on serving', async () => {
    const node = await fleet.node();
    const id = await cached(fleet, node.sessions);
    node.durable.hook.before = refuse;
    await fleet.platform.advance(FEED_FRESH_MS + 1_000);
    expect((await seen(node.sessions, id))?.servedBy).toBe('primary');
  });

  it('a server that is met meanwhile serves nothing', async () => {
    const node = await fleet.node();
    const id = await cached(fleet, node.sessions);
    fleet.other.set(fleet.keyOf(id), fleet.keyspace.get(fleet.keyOf(id))!);
    node.durable.hook.before = refuse;
    await fleet.platform.advance(FEED_FRESH_MS + 1_000);
    await fleet.lead(node, fleet.other);
    await fleet.platform.advance(SOON_MS);
    await expect(node.sessions.get(id)).rejects.toThrow(/durable tier is unavailable/);
    node.heal();
    await fleet.platform.advance(MASTERS_QUICK_FOR_MS);
    expect(await primaryOf(node)).toBe('up');
  });

  it('a write that Redis has received does not count as received, once it is not known whether the server counts', async () => {
    const [writer, reader] = [await fleet.node(), await fleet.node()];
    const id = await cached(fleet, writer.sessions);
    writer.durable.override('feed.read', () => new Promise(() => undefined));
    await fleet.platform.advance(FEED_FRESH_MS + 1);
    const adding = add(writer.sessions, id, 'A1');
    await fleet.platform.advance(100);
    await adding;
    expect(writer.primary.calls).toContain('publish');
    expect(fleet.rowOf(id)?.dirtyAt).not.toBeNull();
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(reader.sessions, id))?.cart).toEqual(['A1']);
  });
});
