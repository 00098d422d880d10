import { beforeEach, describe, expect, it } from 'vitest';
import { DIRTY_WINDOW_MARGIN_MS, FEED_FRESH_MS, FEED_OVERLAP_MS } from '../../../../src/limits/feed.ts';
import { PROBE_BACKOFF } from '../../../../src/limits/primary-tier.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, failing, MemoryFleet, seen, withClock, type FleetNode } from '../../../support/memory-fleet.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const REVALIDATE_AFTER_MS = 60_000;
const MARK_LIFE_MS = REVALIDATE_AFTER_MS + FEED_OVERLAP_MS + DIRTY_WINDOW_MARGIN_MS;

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

async function warm({ sessions }: FleetNode, id: string): Promise<void> {
  await sessions.get(id);
  await settled();
  expect((await sessions.get(id))?.servedBy).toBe('primary');
}

async function twoNodes(): Promise<{ writer: FleetNode; reader: FleetNode; id: string }> {
  const [writer, reader] = [await fleet.node(), await fleet.node()];
  const { id } = await writer.sessions.create({ cart: [] });
  await warm(reader, id);
  return { writer, reader, id };
}

describe('what one node could not write to Redis, the others read within 1.5 s', () => {
  it.each([
    ['was set back by 20 s', [-20 * SECOND]],
    ['was set back by 5 s, twice', [-5 * SECOND, -10 * SECOND]],
    ['was set back by an hour', [-HOUR]],
    ['is an hour ahead', [HOUR]],
    ['was an hour ahead for a while', [HOUR, 0]],
    ['went to and fro', [HOUR, -HOUR, 0, -20 * SECOND]],
  ])('though the clock of the database %s', async (_what, steps) => {
    const { writer, reader, id } = await twoNodes();
    for (const aheadMs of steps) {
      fleet.aheadMs.database = aheadMs;
      await fleet.platform.advance(3 * SECOND);
    }
    await warm(reader, id);
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(reader.sessions, id))?.cart).toEqual(['A1']);
  });

  it('though the clock was set back in the same second', async () => {
    const { writer, reader, id } = await twoNodes();
    await fleet.platform.advance(20 * SECOND);
    await warm(reader, id);
    fleet.aheadMs.database = -20 * SECOND;
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(reader.sessions, id))?.cart).toEqual(['A1']);
  });

  it('though the clock was set forward while the mark was on its way', async () => {
    const { reader, id } = await twoNodes();
    await fleet.platform.advance(30 * SECOND);
    await warm(reader, id);
    const datedAt = fleet.platform.now();
    fleet.aheadMs.database = HOUR;
    await fleet.platform.advance(2 * SECOND);
    await warm(reader, id);
    await fleet.revokeSilently(id);
    fleet.markRow(id, datedAt);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await reader.sessions.get(id)).toBeNull();
  });
});

describe('a write is in time', () => {
  it('though the clock of the database was set forward while Redis was away', async () => {
    const node = await fleet.node();
    node.cutFromPrimary();
    const { id } = await node.sessions.create({ cart: [] });
    fleet.aheadMs.database = HOUR;
    await fleet.platform.advance(3 * SECOND);
    const [updated] = await Promise.all([add(node.sessions, id, 'A1'), fleet.platform.advance(10 * SECOND)]);
    expect(updated.data.cart).toEqual(['A1']);
    expect(await node.sessions.destroy(id)).toBe(true);
  });
});

describe('a mark', () => {
  it('is left alone by a node that could not read the feed for long', async () => {
    const [writer, cut] = [await fleet.node(), await fleet.node()];
    for (const node of [writer, cut]) node.cutFromPrimary();
    await fleet.platform.advance(2 * MARK_LIFE_MS);
    const { id } = await writer.sessions.create({ cart: [] });
    const moved = await writer.sessions.regenerate(id);
    await fleet.platform.advance(5 * SECOND);
    expect(fleet.rowOf(moved.id)?.dirtyAt).not.toBeNull();
    // The id of before still finds it.
    expect(await writer.sessions.destroy(id)).toBe(true);
  });

  it('is kept though the clock of the database is ahead for a while, and cleared in its time', async () => {
    const { writer, id } = await twoNodes();
    await fleet.platform.advance(MARK_LIFE_MS);
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    fleet.aheadMs.database = HOUR;
    await fleet.platform.advance(FEED_OVERLAP_MS + 5 * SECOND);
    fleet.aheadMs.database = 0;
    await fleet.platform.advance(MARK_LIFE_MS / 2);
    expect(fleet.rowOf(id)?.dirtyAt).not.toBeNull();
    await fleet.platform.advance(MARK_LIFE_MS);
    expect(fleet.rowOf(id)?.dirtyAt).toBeNull();
  });
});

describe('the id from before a regenerate', () => {
  it('ends the session though the clock of the database is an hour ahead, and is forgotten in its time', async () => {
    const { writer, reader, id } = await twoNodes();
    fleet.aheadMs.database = HOUR;
    await fleet.platform.advance(MARK_LIFE_MS + 20 * SECOND);
    const ended = await writer.sessions.regenerate(id);
    const { id: before } = await writer.sessions.create({ cart: [] });
    const living = await writer.sessions.regenerate(before);
    await fleet.platform.advance(5 * SECOND);
    expect(await reader.sessions.destroy(id)).toBe(true);
    expect(await writer.sessions.get(ended.id)).toBeNull();
    expect(fleet.rowOf(living.id)?.previousKeys).toHaveLength(1);
    await fleet.platform.advance(MARK_LIFE_MS);
    expect(fleet.rowOf(living.id)?.previousKeys).toHaveLength(0);
  });
});

describe('a machine that slept', () => {
  it('believes nothing that it has not read since', async () => {
    let sleptMs = 0;
    const monotonic = (): number => fleet.platform.monotonic() - sleptMs;
    const sleeper = await fleet.node({ platform: withClock(fleet.platform, { monotonic }) });
    const writer = await fleet.node();
    const { id } = await writer.sessions.create({ cart: [] });
    await warm(sleeper, id);
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    fleet.platform.block(20 * SECOND);
    sleptMs = 20 * SECOND;
    expect((await seen(sleeper.sessions, id))?.cart).toEqual(['A1']);
    await fleet.platform.advance(SECOND);
    expect((await seen(sleeper.sessions, id))?.cart).toEqual(['A1']);
    await fleet.platform.advance(PROBE_BACKOFF.longestMs + SECOND);
    await warm(sleeper, id);
  });
});

describe('a clock of Redis that was an hour ahead', () => {
  async function afterExcursion(): Promise<{ node: FleetNode; id: string }> {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await warm(node, id);
    fleet.aheadMs.redis = HOUR;
    await node.sessions.get(id);
    await fleet.platform.advance(2 * SECOND);
    return { node, id };
  }

  async function loseOneCommand(node: FleetNode): Promise<void> {
    node.primary.hook.before = failing('read');
    await node.sessions.get('A'.repeat(43));
    node.heal();
    await fleet.platform.advance(PROBE_BACKOFF.longestMs);
  }

  it.each([
    [
      'after',
      async (node: FleetNode) => {
        fleet.aheadMs.redis = 0;
        await loseOneCommand(node);
      },
    ],
    [
      'before',
      async (node: FleetNode) => {
        await loseOneCommand(node);
        fleet.aheadMs.redis = 0;
      },
    ],
  ])(
    'keeps copies from being believed for the length of revalidateAfter at most, and says so, if a command is lost %s it is right again',
    async (_when, lose) => {
      const { node } = await afterExcursion();
      await lose(node);
      const { id } = await node.sessions.create({ cart: [] });
      await node.sessions.get(id);
      await settled();
      expect((await node.sessions.get(id))?.servedBy).toBe('durable');
      expect((await node.sessions.health()).primary).toMatchObject({ state: 'degraded', reason: 'clock-set-back' });
      await fleet.platform.advance(REVALIDATE_AFTER_MS);
      await warm(node, id);
      expect((await node.sessions.health()).primary.state).toBe('up');
      await loseOneCommand(node);
      await warm(node, id);
    },
  );
});
