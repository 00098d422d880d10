import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { PRIMARY_TIMEOUT_MS_DEFAULT } from '../../../src/limits/primary-tier.ts';
import { load, percentile, realClient, timed, type Shop } from '../../support/real-client.ts';
import { startRedis, type RedisOptions, type RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';

/** No call may take longer while Redis is gone: its own time-out (250 ms), the database, and what a busy machine adds. */
const CALL_BOUND_MS = 1_000;
/** Redis serves again this soon after it is back, plus what starting and a busy machine add. */
const RETURN_BOUND_MS = 2_500;

let redis: RedisServer;
let database: FreshDatabase;
let sessions: SessionClient<Shop>;
const clients: SessionClient<Shop>[] = [];

async function setUp(options: RedisOptions = {}): Promise<void> {
  [redis, database] = await Promise.all([startRedis(options), freshDatabase('postgresql')]);
  sessions = await node();
  await sessions.ready();
}

async function node(): Promise<SessionClient<Shop>> {
  const client = await realClient({ redis, database });
  clients.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all([redis.stop(), database.close()]);
});

const add = (id: string, item: string) => sessions.update(id, (data) => void data.cart.push(item));
const warm = (id: string) => until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'a hit' });

/** Asks until Redis serves again; every answer on the way has to be right. */
async function untilServedByRedis(id: string, isRight: (cart: readonly string[]) => boolean): Promise<void> {
  const start = performance.now();
  await until(
    async () => {
      const session = await sessions.get(id);
      expect(session, 'a session that is alive').not.toBeNull();
      expect(isRight(session?.data.cart ?? [])).toBe(true);
      return session?.servedBy === 'primary';
    },
    { what: 'Redis to serve again' },
  );
  expect(performance.now() - start).toBeLessThan(RETURN_BOUND_MS);
}

describe('while Redis is gone', () => {
  beforeEach(() => setUp());

  it('killed under load, no call fails and none is slow', async () => {
    const ids = await Promise.all(Array.from({ length: 32 }, async () => (await sessions.create({ cart: [] })).id));
    await Promise.all(ids.map(warm));
    const traffic = load(32, async (caller) => {
      const id = ids[caller] ?? '';
      const session = await sessions.get(id);
      if (session === null) throw new Error('a living session was called missing');
      if (session.revision < 20) await add(id, `item ${session.revision}`);
      return session.servedBy;
    });
    await until(async () => (await sessions.get(ids[0] ?? ''))?.revision === 20, { what: 'some traffic' });
    await redis.kill();
    await until(async () => (await sessions.health()).primary.state === 'down', { what: 'the outage to be noticed' });
    await until(async () => (await sessions.get(ids[1] ?? ''))?.servedBy === 'durable', {
      what: 'the database to serve',
    });
    const results = await traffic.stop();
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(CALL_BOUND_MS);
    expect(results.some(({ value }) => value === 'durable')).toBe(true);
    for (const id of ids) {
      const session = await sessions.get(id);
      expect(session?.data.cart).toHaveLength((session?.revision ?? 0) - 1);
    }
  });

  it('frozen, each call takes its time-out once and then none', async () => {
    const { id } = await sessions.create({ cart: [] });
    await warm(id);
    await redis.pause();
    const first = await timed(() => sessions.get(id));
    expect(first.value?.servedBy).toBe('durable');
    expect(first.ms).toBeLessThan(CALL_BOUND_MS);
    // One after another: on a busy machine, a hundred at once would wait for one another.
    const next: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const { value, ms } = await timed(() => sessions.get(id));
      expect(value?.servedBy).toBe('durable');
      next.push(ms);
    }
    expect(percentile(next, 0.5)).toBeLessThan(PRIMARY_TIMEOUT_MS_DEFAULT / 2);
    await add(id, 'A1');
    await redis.resume();
    await untilServedByRedis(id, (cart) => cart.join() === 'A1');
  });

  it('frozen in the middle of a logout, it does not bring the session back when it thaws', async () => {
    const { id } = await sessions.create({ cart: [] });
    await warm(id);
    await redis.pause();
    const logout = await timed(() => sessions.destroy(id));
    expect(logout.value).toBe(true);
    expect(logout.ms).toBeLessThan(CALL_BOUND_MS);
    await redis.resume();
    await until(async () => (await sessions.health()).primary.state === 'up', { what: 'Redis to be back' });
    expect(await sessions.get(id)).toBeNull();
  });

  it('back with nothing, it is filled again', async () => {
    const { id } = await sessions.create({ cart: ['A1'] });
    await warm(id);
    await redis.restart({ wipe: true });
    await untilServedByRedis(id, (cart) => cart.join() === 'A1');
  });

  it('creates, updates, touches, regenerates, lists and destroys all the same', async () => {
    await redis.kill();
    const { id } = await sessions.create({ cart: [] }, { userId: 'u_42' });
    await add(id, 'A1');
    await sessions.touch(id);
    const moved = await sessions.regenerate(id);
    expect(await sessions.get(id)).toBeNull();
    expect((await sessions.get(moved.id))?.data.cart).toEqual(['A1']);
    expect(await sessions.listByUser('u_42')).toHaveLength(1);
    expect(await sessions.destroy(moved.id)).toBe(true);
    expect(await sessions.get(moved.id)).toBeNull();
  });

  it('does not keep a new process from starting', async () => {
    const { id } = await sessions.create({ cart: ['A1'] });
    await redis.kill();
    const fresh = await node();
    const ready = await timed(() => fresh.ready());
    expect(ready.error).toBeUndefined();
    expect(ready.ms).toBeLessThan(2 * CALL_BOUND_MS);
    expect((await fresh.get(id))?.data.cart).toEqual(['A1']);
    expect((await fresh.health()).primary.state).toBe('down');
    await redis.start();
    await until(async () => (await fresh.get(id))?.servedBy === 'primary', { what: 'the new process to find Redis' });
  });
});

describe('when Redis comes back with old data', () => {
  const persistence = {
    'a snapshot': {},
    'an append-only file': { appendonly: 'yes', appendfsync: 'always' },
  };

  it.each(Object.entries(persistence))(
    'from %s, a logout in the outage stays a logout and the newest cart is served',
    async (_what, directives) => {
      await setUp({ directives });
      const [cart, logout, moved] = await Promise.all([1, 2, 3].map(() => sessions.create({ cart: ['old'] })));
      if (!cart || !logout || !moved) throw new Error('no sessions');
      await Promise.all([cart, logout, moved].map(({ id }) => warm(id)));
      // Once it is back, nodes remove at once what the feed has shown them: too soon to count.
      expect(await redis.cli('DBSIZE')).toBeGreaterThanOrEqual(3);
      await redis.save();
      await redis.kill();
      await add(cart.id, 'new');
      expect(await sessions.destroy(logout.id)).toBe(true);
      const after = await sessions.regenerate(moved.id);
      await redis.start();
      await untilServedByRedis(cart.id, (items) => items.join() === 'old,new');
      expect(await sessions.get(logout.id)).toBeNull();
      expect(await sessions.get(moved.id)).toBeNull();
      expect(await sessions.get(after.id)).not.toBeNull();
      const fresh = await node();
      expect((await fresh.get(cart.id))?.data.cart).toEqual(['old', 'new']);
      expect(await fresh.get(logout.id)).toBeNull();
      expect(await fresh.get(moved.id)).toBeNull();
    },
  );
});

describe('when Redis is full and evicts nothing', () => {
  it('calls go on, writes are seen, logouts hold, and Redis serves again once there is room', async () => {
    await setUp();
    const { id } = await sessions.create({ cart: [] });
    const { id: leaving } = await sessions.create({ cart: [] });
    await Promise.all([warm(id), warm(leaving)]);
    await redis.config('maxmemory-policy', 'noeviction');
    await redis.config('maxmemory', '1');
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => timed(() => add(id, `item ${n}`))));
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect((await sessions.get(id))?.data.cart).toHaveLength(20);
    const logout = await timed(() => sessions.destroy(leaving));
    expect(logout.value).toBe(true);
    expect(logout.ms).toBeLessThan(CALL_BOUND_MS);
    expect(await sessions.get(leaving)).toBeNull();
    await redis.config('maxmemory', '0');
    await untilServedByRedis(id, (cart) => cart.length === 20);
    expect(await sessions.get(leaving)).toBeNull();
  });
});

describe('when the credentials stop working', () => {
  it('the database serves, and Redis again once they work', async () => {
    await setUp();
    const { id } = await sessions.create({ cart: ['A1'] });
    await warm(id);
    await redis.cli('ACL', 'SETUSER', redis.username, 'resetpass', '>another-password');
    await redis.cli('CLIENT', 'KILL', 'USER', redis.username);
    await until(async () => (await sessions.get(id))?.servedBy === 'durable', { what: 'the database to serve' });
    const call = await timed(() => sessions.get(id));
    expect(call.value?.data.cart).toEqual(['A1']);
    expect(call.ms).toBeLessThan(CALL_BOUND_MS);
  });
});

describe('the copy of a session that died unnoticed', () => {
  it('is taken away by the read that finds out, and nothing else suffers', async () => {
    await setUp();
    const { id } = await sessions.create({ cart: [] });
    const { id: other } = await sessions.create({ cart: [] });
    await Promise.all([warm(id), warm(other)]);
    await database.prisma.holdfastSession.updateMany({
      data: { revokedAt: 1n },
      where: { revision: 1n, createdAt: { gt: 0n } },
    });
    expect(await sessions.get(id, { consistency: 'strong' })).toBeNull();
    await until(async () => (await redis.cli('DBSIZE')) === 1, { what: 'the copy to be gone' });
    expect((await sessions.health()).primary.state).toBe('up');
    expect((await sessions.get(other))?.servedBy).toBe('primary');
  });
});
