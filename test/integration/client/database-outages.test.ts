import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probes, RevocationNotDurableError, TierUnavailableError, type SessionClient } from '../../../src/index.ts';
import { realClient, timed, type Shop } from '../../support/real-client.ts';
import { migrate, openPrisma, type OpenedPrisma } from '../../support/servers/databases.ts';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.ts';
import { startRedis, type RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';

/** A call waits for one statement's time-out at most (set to 500 ms here), twice where it waits for room first. */
const CALL_BOUND_MS = 2_000;
/** Once the breaker is open, a call that needs the database fails this fast on a busy machine. */
const FAST_BOUND_MS = 200;

let postgres: PostgresServer;
let redis: RedisServer;
let database: OpenedPrisma & { provider: 'postgresql' };
let sessions: SessionClient<Shop>;

beforeEach(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  await migrate('postgresql', postgres.url, { ca: postgres.ca });
  const { prisma, close } = await openPrisma('postgresql', postgres.url, { ca: postgres.ca });
  database = { prisma, close, provider: 'postgresql', [Symbol.asyncDispose]: close };
  sessions = await realClient({ redis, database, durableTimeout: '500ms' });
  await sessions.ready();
});

afterEach(async () => {
  await sessions.close();
  await Promise.all([postgres.resume().catch(() => undefined), redis.resume().catch(() => undefined)]);
  await database.close().catch(() => undefined);
  await Promise.all([postgres.stop(), redis.stop()]);
});

const warm = (id: string) => until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'a hit' });

async function expectUnavailable(call: () => Promise<unknown>, boundMs: number): Promise<void> {
  const result = await timed(call);
  expect(result.value).toBeUndefined();
  expect(result.error).toBeInstanceOf(TierUnavailableError);
  expect(result.ms).toBeLessThan(boundMs);
}

const untilBreakerOpens = () =>
  until(async () => {
    await sessions.get('A'.repeat(43)).catch(() => undefined);
    return (await sessions.health()).durable.state === 'down';
  });

const faults = {
  killed: { down: () => postgres.kill(), up: () => postgres.start() },
  frozen: { down: () => postgres.pause(), up: () => postgres.resume() },
};

describe.each(Object.entries(faults))('while the database is %s', (_what, fault) => {
  it('what Redis holds is served, and nothing else is called missing', async () => {
    const { id } = await sessions.create({ cart: ['A1'] });
    const { id: cold } = await sessions.create({ cart: [] });
    await warm(id);
    await fault.down();
    const hit = await timed(() => sessions.get(id));
    expect(hit.value?.data.cart).toEqual(['A1']);
    expect(hit.ms).toBeLessThan(CALL_BOUND_MS);
    await expectUnavailable(() => sessions.get(cold), CALL_BOUND_MS);
    await expectUnavailable(() => sessions.get('A'.repeat(43)), CALL_BOUND_MS);
    await untilBreakerOpens();
    await expectUnavailable(() => sessions.get(cold), FAST_BOUND_MS);
    await expectUnavailable(() => sessions.create({ cart: [] }), FAST_BOUND_MS);
    await expectUnavailable(() => sessions.update(id, () => undefined), FAST_BOUND_MS);
    await expectUnavailable(() => sessions.regenerate(id), FAST_BOUND_MS);
    await expectUnavailable(() => sessions.listByUser('u_42'), FAST_BOUND_MS);
    await expectUnavailable(() => sessions.destroyByUser('u_42'), FAST_BOUND_MS);
    expect((await sessions.get(id))?.data.cart).toEqual(['A1']);
    await fault.up();
    await until(async () => (await sessions.get(cold)) !== null, {
      what: 'the database to be used again',
      timeoutMs: 20_000,
    });
    expect((await sessions.update(id, (data) => void data.cart.push('B2'))).data.cart).toEqual(['A1', 'B2']);
  });

  it('a logout is dead in Redis at once, says that it is not durable, and becomes so', async () => {
    const { id } = await sessions.create({ cart: [] });
    await warm(id);
    await fault.down();
    const logout = await timed(() => sessions.destroy(id));
    expect(logout.error).toBeInstanceOf(RevocationNotDurableError);
    expect(logout.ms).toBeLessThan(CALL_BOUND_MS);
    expect(await sessions.get(id)).toBeNull();
    await fault.up();
    const revoked = () => database.prisma.holdfastSession.count({ where: { revokedAt: { not: null } } });
    await until(async () => (await revoked()) === 1, { what: 'the row to be revoked', timeoutMs: 20_000 });
  });
});

describe('while both are gone', () => {
  it('every call says so, soon, and none says that there is no session', async () => {
    const { id } = await sessions.create({ cart: [] });
    await warm(id);
    await Promise.all([postgres.kill(), redis.kill()]);
    for (const call of [
      () => sessions.get(id),
      () => sessions.get('A'.repeat(43)),
      () => sessions.create({ cart: [] }),
      () => sessions.update(id, () => undefined),
      () => sessions.touch(id),
      () => sessions.regenerate(id),
      () => sessions.destroy(id),
    ]) {
      await expectUnavailable(call, CALL_BOUND_MS);
    }
    await untilBreakerOpens();
    await expectUnavailable(() => sessions.get(id), FAST_BOUND_MS);
    expect(await sessions.health()).toMatchObject({
      primary: { state: 'down', reason: expect.any(String) },
      durable: { state: 'down', reason: expect.any(String) },
      keys: { state: 'up' },
    });
  });

  it('a process that starts then is not ready, and ready once the database is', async () => {
    await Promise.all([postgres.kill(), redis.kill()]);
    await using late = await realClient({ redis, database, durableTimeout: '500ms' });
    await expectUnavailable(() => late.ready({ timeout: 0 }), CALL_BOUND_MS);
    await expectUnavailable(() => late.get('A'.repeat(43)), CALL_BOUND_MS);
    const ready = late.ready({ timeout: '30s' });
    await postgres.start();
    await ready;
    expect(await late.get('A'.repeat(43))).toBeNull();
  });
});

it('keeps a process live and ready while one of both serves, and takes it out of service without both', async () => {
  const { live, ready } = probes(sessions);
  const isIn = async (state: string): Promise<true> => {
    expect((await ready()).body).toMatchObject({ state });
    return true;
  };
  const untilState = (state: string) =>
    until(() => isIn(state), { timeoutMs: 20_000, what: `a process that is ${state}` });
  await untilState('ready');
  await postgres.kill();
  await untilState('degraded');
  expect((await ready()).body.reasons.map(({ part }) => part)).toEqual(['durable']);
  await redis.kill();
  await untilState('unready');
  expect((await ready()).status).toBe(503);
  expect(live().status).toBe(200);
  await postgres.start();
  await untilState('degraded');
  await redis.start();
  await untilState('ready');
});
