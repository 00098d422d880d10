import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { beforeEach, describe, expect, it } from 'vitest';
import { TierUnavailableError, type SessionClient } from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../../../src/limits/durable-tier.ts';
import {
  FEED_INTERVAL_MS,
  FEED_FRESH_MS,
  FEED_OVERLAP_MS,
  FEED_PAGE_ROWS,
  FEED_PAGES_MAX,
} from '../../../../src/limits/feed.ts';
import { HEDGE_AFTER_MS } from '../../../../src/limits/primary-tier.ts';
import { COARSE_TICK_MS } from '../../../../src/limits/process.ts';
import { storageKeyOf } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { add, failing, MemoryFleet, refuse, seen, type FleetNode, type Shop } from '../../../support/memory-fleet.ts';

const MINUTE = 60_000;
/** By then every slow read has been noticed. */
const HEDGE_NOTICED_MS = HEDGE_AFTER_MS + 2 * COARSE_TICK_MS;

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

async function warm(sessions: SessionClient<Shop>, id: string): Promise<void> {
  await sessions.get(id);
  await settled();
  expect((await sessions.get(id))?.servedBy).toBe('primary');
}

/** One node that will be cut off from Redis, and one that will not notice; a session that both hold. */
async function setUp(): Promise<{ cut: FleetNode; other: FleetNode; id: string }> {
  const [cut, other] = [await fleet.node(), await fleet.node()];
  const { id } = await cut.sessions.create({ cart: [] }, { userId: 'u_42' });
  await warm(other.sessions, id);
  cut.cutFromPrimary();
  return { cut, other, id };
}

describe('what one node could not write to Redis, the others learn within 1.5 s', () => {
  it('an update', async () => {
    const { cut, other, id } = await setUp();
    await add(cut.sessions, id, 'A1');
    expect((await seen(cut.sessions, id))?.cart).toEqual(['A1']);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(other.sessions, id))?.cart).toEqual(['A1']);
  });

  it('an update whose publish alone failed', async () => {
    const { cut, other, id } = await setUp();
    cut.heal();
    await fleet.platform.advance(1_000);
    cut.primary.hook.before = failing('publish');
    await add(cut.sessions, id, 'A1');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(other.sessions, id))?.cart).toEqual(['A1']);
  });

  it('a destroy, for good', async () => {
    const { cut, other, id } = await setUp();
    expect(await cut.sessions.destroy(id)).toBe(true);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await other.sessions.get(id)).toBeNull();
    expect(fleet.kindOf(id)).toBe('tombstone');
  });

  it('a destroy whose tombstone alone failed', async () => {
    const { cut, other, id } = await setUp();
    cut.heal();
    await fleet.platform.advance(1_000);
    // The hold is evicted in the same moment.
    cut.primary.hook.before = (method) => {
      if (method !== 'tombstone') return;
      cut.heal();
      fleet.keyspace.delete(fleet.keyOf(id));
      throw new TierFailure('ambiguous', 'test');
    };
    expect(await cut.sessions.destroy(id)).toBe(true);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await other.sessions.get(id)).toBeNull();
    expect(fleet.kindOf(id)).toBe('tombstone');
  });

  it('a regenerate: the old id is dead for good', async () => {
    const { cut, other, id } = await setUp();
    const moved = await cut.sessions.regenerate(id);
    const again = await cut.sessions.regenerate(moved.id);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await other.sessions.get(id)).toBeNull();
    expect(fleet.kindOf(id)).toBe('tombstone');
    expect(fleet.kindOf(moved.id)).toBe('tombstone');
    expect((await seen(other.sessions, again.id))?.cart).toEqual([]);
  });

  it('the end of all sessions of a user', async () => {
    const { cut, other, id } = await setUp();
    expect(await cut.sessions.destroyByUser('u_42')).toBe(1);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await other.sessions.get(id)).toBeNull();
  });
});

describe('a node that cannot read the feed', () => {
  it('believes nothing from Redis without the database', async () => {
    const { other, id } = await setUp();
    other.durable.hook.before = failing('feed.read');
    await fleet.platform.advance(FEED_FRESH_MS + FEED_INTERVAL_MS);
    expect((await seen(other.sessions, id))?.servedBy).toBe('durable');
    expect((await other.sessions.health()).durable.state).toBe('degraded');
  });

  it('neither does a process that has just started, until its first poll', async () => {
    const { id } = await setUp();
    await add((await fleet.node()).sessions, id, 'A1');
    const fresh = await fleet.node();
    expect(fresh.durable.calls).toContain('feed.read');
    await warm(fresh.sessions, id);
  });

  it('does not move on from marks that it could not apply', async () => {
    const { cut, other, id } = await setUp();
    await add(cut.sessions, id, 'A1');
    other.primary.hook.before = failing('evict');
    await fleet.platform.advance(FEED_FRESH_MS);
    other.heal();
    await fleet.platform.advance(2 * FEED_INTERVAL_MS);
    expect((await seen(other.sessions, id))?.cart).toEqual(['A1']);
    expect(fleet.kindOf(id)).not.toBe('tombstone');
    await settled();
    expect((await seen(other.sessions, id))?.servedBy).toBe('primary');
  });

  it('disbelieves instead of reading, when there is too much to read', async () => {
    const { other, id } = await setUp();
    markTooMany(id);
    const before = fleet.valueOf(id).entry;
    await fleet.platform.advance(FEED_INTERVAL_MS);
    expect(fleet.valueOf(id).entry).toEqual(before);
    expect((await seen(other.sessions, id))?.servedBy).toBe('durable');
  });

  it('does so each second while the marks are in the overlap, at one statement for each session read, and no longer', async () => {
    const { other, id } = await setUp();
    markTooMany(id);
    const statements: number[] = [];
    for (let second = 0; second < FEED_OVERLAP_MS / 1_000 + 5; second += 1) {
      await fleet.platform.advance(1_000);
      other.durable.calls.length = 0;
      for (let read = 0; read < 5; read += 1) {
        await other.sessions.get(id, { touch: false });
        await settled();
      }
      statements.push(other.durable.calls.filter((call) => call !== 'feed.read' && call !== 'feed.clear').length);
    }
    expect(Math.max(...statements)).toBe(1);
    expect(statements.at(-1)).toBe(0);
  });

  it('that a session got more new ids between two polls than its row remembers', async () => {
    const { cut, other, id } = await setUp();
    let present = { id };
    for (let n = 0; n < PREVIOUS_KEYS_MAX + 1; n += 1) present = await cut.sessions.regenerate(present.id);
    expect(fleet.kindOf(id)).toBe('value');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect(await other.sessions.get(id)).toBeNull();
    expect(await other.sessions.get(present.id)).not.toBeNull();
  });

  function markTooMany(id: string): void {
    const row = fleet.rowOf(id);
    if (!row) throw new Error('no row');
    const now = fleet.platform.now();
    for (let n = 0; n < FEED_PAGE_ROWS * FEED_PAGES_MAX + 1; n += 1) {
      const storageKey = Buffer.alloc(32);
      storageKey.writeUInt32BE(n);
      fleet.database.set(storageKey.toString('hex'), { ...row, storageKey, dirtyAt: now });
    }
  }
});

describe('marks', () => {
  it('stay for longer than any copy can be believed, and then go', async () => {
    const { cut, id } = await setUp();
    await add(cut.sessions, id, 'A1');
    const dirtyAt = fleet.rowOf(id)?.dirtyAt;
    expect(dirtyAt).not.toBeNull();
    await fleet.platform.advance(MINUTE + FEED_FRESH_MS);
    expect(fleet.rowOf(id)?.dirtyAt).toBe(dirtyAt);
    await fleet.platform.advance(MINUTE);
    expect(fleet.rowOf(id)?.dirtyAt).toBeNull();
  });

  it('are not made while all is well', async () => {
    const { sessions } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await add(sessions, id, 'A1');
    const { id: next } = await sessions.regenerate(id);
    await sessions.destroy(next);
    expect([...fleet.database.values()].map(({ dirtyAt }) => dirtyAt)).toEqual([null]);
  });
});

describe('a login in flight while all sessions of its user end', () => {
  it('is ended too, and one from after the call is not', async () => {
    const [one, two] = [await fleet.node(), await fleet.node()];
    let commit = (): void => undefined;
    two.durable.hook.before = (method) =>
      method === 'sessions.insert' ? new Promise<void>((resolve) => (commit = resolve)) : undefined;
    const login = two.sessions.create({ cart: [] }, { userId: 'u_42' });
    await settled();
    await one.sessions.destroyByUser('u_42');
    commit();
    two.heal();
    const inFlight = await login;
    await fleet.platform.advance(1);
    const later = await two.sessions.create({ cart: [] }, { userId: 'u_42' });
    await fleet.platform.advance(MINUTE / 2);
    expect(await two.sessions.get(inFlight.id)).toBeNull();
    expect(await two.sessions.get(later.id)).not.toBeNull();
  });
});

describe('while the database is away', () => {
  it('Redis serves alone for durableOutageReads, and then neither does', async () => {
    const { sessions, durable } = await fleet.node({ durableOutageReads: '10m', lifetime: { idle: '1h' } });
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    durable.hook.before = refuse;
    await fleet.platform.advance(9 * MINUTE);
    expect((await seen(sessions, id))?.servedBy).toBe('primary');
    await expect(sessions.get(id, { consistency: 'strong' })).rejects.toBeInstanceOf(TierUnavailableError);
    await fleet.platform.advance(2 * MINUTE);
    await expect(sessions.get(id)).rejects.toBeInstanceOf(TierUnavailableError);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(FEED_INTERVAL_MS);
    expect(await sessions.get(id)).not.toBeNull();
  });

  it('an idle deadline that passes is "unavailable" and not "missing"', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] }, { lifetime: { idle: '1m' } });
    await warm(sessions, id);
    durable.hook.before = refuse;
    await fleet.platform.advance(MINUTE + 1);
    await expect(sessions.get(id)).rejects.toBeInstanceOf(TierUnavailableError);
  });

  it('activity moves the deadline in Redis, and in the database once it is back', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] }, { lifetime: { idle: '5m' } });
    await warm(sessions, id);
    durable.hook.before = refuse;
    for (let minutes = 0; minutes < 12; minutes += 2) {
      await fleet.platform.advance(2 * MINUTE);
      expect((await seen(sessions, id))?.servedBy).toBe('primary');
    }
    const lastSeenAt = fleet.platform.now();
    durable.hook.before = () => undefined;
    await fleet.platform.advance(2 * FEED_INTERVAL_MS);
    expect(fleet.rowOf(id)?.lastSeenAt).toBe(lastSeenAt);
    expect((await sessions.get(id, { consistency: 'strong' }))?.servedBy).toBe('durable');
  });

  it('nothing from another incarnation of Redis is served alone', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    const { entry, replace } = fleet.valueOf(id);
    replace({ ...entry, stamp: { ...entry.stamp, incarnation: 'another0' } });
    durable.hook.before = refuse;
    await expect(sessions.get(id)).rejects.toBeInstanceOf(TierUnavailableError);
  });
});

describe('a slow Redis', () => {
  const never = () => new Promise<void>(() => undefined);

  it('is overtaken by the database', async () => {
    const { sessions, primary } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    primary.hook.before = (method) => (method === 'read' ? never() : undefined);
    const read = seen(sessions, id);
    await fleet.platform.advance(HEDGE_NOTICED_MS);
    expect((await read)?.servedBy).toBe('durable');
    expect((await sessions.health()).primary.state).toBe('up');
  });

  it('is not blamed for a process that was blocked', async () => {
    const { sessions, primary } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.platform.advance(HEDGE_AFTER_MS);
    const answers: (() => void)[] = [];
    primary.hook.before = (method) =>
      method === 'read' ? new Promise<void>((resolve) => void answers.push(resolve)) : undefined;
    const reads = Promise.all(Array.from({ length: 100 }, () => seen(sessions, id)));
    await settled();
    fleet.platform.block(600);
    // Long since there, they are read once the loop runs again.
    fleet.platform.after(0, () => answers.forEach((answer) => answer()));
    await fleet.platform.advance(0);
    expect((await reads).map((session) => session?.servedBy)).toEqual(Array(100).fill('primary'));
    expect((await sessions.health()).primary.state).toBe('up');
  });

  it('is not blamed for a slow database', async () => {
    const { sessions, primary, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    const slow = () => new Promise<void>((resolve) => void fleet.platform.after(200, resolve));
    durable.hook.before = (method) => (method === 'sessions.read' ? slow() : undefined);
    const reads = Promise.all(Array.from({ length: 100 }, () => seen(sessions, id)));
    durable.calls.length = 0;
    await fleet.platform.advance(100);
    expect((await sessions.health()).primary.state).toBe('up');
    expect(durable.calls.filter((call) => call === 'sessions.read')).toHaveLength(1);
    await fleet.platform.advance(1_000);
    expect(new Set((await reads).map((session) => session?.servedBy))).toEqual(new Set(['durable']));
    expect(primary.calls).toContain('lease');
  });

  it('is waited for when too many reads are slow, but it answers others', async () => {
    const { sessions, primary } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    let asked = 0;
    primary.hook.before = (method) => {
      if (method !== 'read') return;
      asked += 1;
      return new Promise<void>((resolve) => void fleet.platform.after(asked, resolve));
    };
    const reads = Promise.all(Array.from({ length: 100 }, () => seen(sessions, id)));
    await fleet.platform.advance(HEDGE_NOTICED_MS);
    expect((await sessions.health()).primary.state).toBe('up');
    await fleet.platform.advance(100);
    expect((await reads).filter((session) => session?.servedBy === 'primary').length).toBeGreaterThan(50);
    primary.hook.before = () => undefined;
  });

  it('is given up when too many reads are slow, and nothing is answered', async () => {
    const { sessions, primary } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.platform.advance(HEDGE_AFTER_MS);
    primary.hook.before = (method) => (method === 'read' ? never() : undefined);
    const reads = Promise.all(Array.from({ length: 100 }, () => seen(sessions, id)));
    await fleet.platform.advance(HEDGE_NOTICED_MS);
    expect((await sessions.health()).primary.state).toBe('degraded');
    expect((await reads).map((session) => session?.servedBy)).toEqual(Array(100).fill('durable'));
  });
});

describe('a revocation that only Redis answered', () => {
  it('is not undone when Redis loses it before it is written to the database', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    await expect(sessions.destroy(id)).rejects.toMatchObject({ code: 'HOLDFAST_REVOCATION_NOT_DURABLE' });
    durable.hook.before = () => undefined;
    await fleet.platform.advance(2_000);
    fleet.keyspace.clear();
    expect(await sessions.get(id)).toBeNull();
    expect(fleet.database.get(storageKeyOf(id).toString('hex'))?.revokedAt).not.toBeNull();
  });
});

describe('a primary server that may have become another', () => {
  it('is believed for 1.5 s after it was last asked who it is, and then not until it has answered', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await warm(node.sessions, id);
    let answer = (): void => undefined;
    node.primary.hook.before = (method) =>
      method === 'confirm' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await fleet.platform.advance(FEED_INTERVAL_MS);
    expect((await seen(node.sessions, id))?.servedBy).toBe('primary');
    await fleet.platform.advance(FEED_FRESH_MS);
    const read = seen(node.sessions, id);
    await fleet.platform.advance(HEDGE_NOTICED_MS);
    expect((await read)?.servedBy).toBe('durable');
    node.primary.hook.before = () => undefined;
    answer();
    await settled();
    expect((await seen(node.sessions, id))?.servedBy).toBe('primary');
  });

  it('is asked each second while the durable tier is away, and serves alone only while it is what it was', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await warm(node.sessions, id);
    node.durable.hook.before = refuse;
    await fleet.platform.advance(MINUTE / 2);
    const asked = node.primary.calls.filter((call) => call === 'confirm').length;
    await fleet.platform.advance(5 * FEED_INTERVAL_MS);
    expect(node.primary.calls.filter((call) => call === 'confirm').length - asked).toBe(5);
    expect((await seen(node.sessions, id))?.servedBy).toBe('primary');
    let answer = (): void => undefined;
    node.primary.hook.before = (method) =>
      method === 'confirm' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    await fleet.platform.advance(FEED_INTERVAL_MS + FEED_FRESH_MS);
    const [first, isAnswered] = [seen(node.sessions, id), { yet: false }];
    void first.then(() => (isAnswered.yet = true));
    await settled();
    await fleet.platform.advance(HEDGE_NOTICED_MS);
    expect(isAnswered.yet).toBe(false);
    node.primary.hook.before = () => undefined;
    answer();
    expect((await first)?.servedBy).toBe('primary');
    node.primary.hook.before = failing('confirm');
    await fleet.platform.advance(FEED_INTERVAL_MS);
    await expect(node.sessions.get(id)).rejects.toThrow(TierUnavailableError);
  });

  it('is asked each second while a poll waits for a database that does not answer', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await warm(node.sessions, id);
    node.durable.hook.before = (method) => (method === 'feed.read' ? new Promise(() => undefined) : undefined);
    await fleet.platform.advance(FEED_INTERVAL_MS);
    const asked = node.primary.calls.filter((call) => call === 'confirm').length;
    await fleet.platform.advance(5 * FEED_INTERVAL_MS);
    expect(node.primary.calls.filter((call) => call === 'confirm').length - asked).toBeGreaterThanOrEqual(5);
  });
});

describe('a mark that cannot be applied', () => {
  it('does not keep the feed from being fresh for ever: the trust floor covers it', async () => {
    const { cut, other, id } = await setUp();
    const { id: neighbour } = await other.sessions.create({ cart: [] });
    await warm(other.sessions, neighbour);
    other.primary.override('evict', (own, ...args) =>
      (args[0] as Buffer).equals(storageKeyOf(id)) ? Promise.reject(new TierFailure('rejected', 'test')) : own(...args),
    );
    await add(cut.sessions, id, 'A1');
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(other.sessions, id))?.cart).toEqual(['A1']);
    await fleet.platform.advance(2 * FEED_INTERVAL_MS);
    await warm(other.sessions, neighbour);
    const changed = (await other.sessions.health()).primary.since;
    await fleet.platform.advance(30 * FEED_INTERVAL_MS);
    await warm(other.sessions, neighbour);
    expect((await other.sessions.health()).primary).toEqual({ state: 'up', since: changed });
  });

  it('is another one at the next revision of its session', async () => {
    const { cut, other, id } = await setUp();
    await add(cut.sessions, id, 'A1');
    const at = fleet.rowOf(id)?.dirtyAt;
    await fleet.platform.advance(FEED_FRESH_MS);
    await warm(other.sessions, id);
    await add(cut.sessions, id, 'A2');
    // Two statements may carry the same time.
    fleet.markRow(id, at ?? 0);
    await fleet.platform.advance(FEED_FRESH_MS);
    expect((await seen(other.sessions, id))?.cart).toEqual(['A1', 'A2']);
  });
});

describe('a tier that throws what it must not', () => {
  it('makes the feed late, is announced, and ends no process', async () => {
    const unhandled: unknown[] = [];
    const failures: unknown[] = [];
    const catchUnhandled = (reason: unknown): void => void unhandled.push(reason);
    const note = (message: unknown): void => void failures.push(message);
    process.on('unhandledRejection', catchUnhandled);
    subscribe('holdfast:background-failure', note);
    const { sessions, durable } = await fleet.node();
    durable.hook.before = (method) => {
      if (method === 'feed.read') throw new TypeError('a bug');
    };
    await fleet.platform.advance(3 * FEED_INTERVAL_MS);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await sessions.health()).durable).toMatchObject({ state: 'degraded', reason: 'feed-late' });
    durable.hook.before = () => undefined;
    await fleet.platform.advance(FEED_INTERVAL_MS);
    expect((await sessions.health()).durable.state).toBe('up');
    process.off('unhandledRejection', catchUnhandled);
    unsubscribe('holdfast:background-failure', note);
    expect(unhandled).toEqual([]);
    expect(failures).toContainEqual({ work: 'feed', code: 'unexpected' });
  });
});
