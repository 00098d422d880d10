import type { ChildProcess } from 'node:child_process';
import { expect, it } from 'vitest';
import { expectNoneIn, openCliDesk, type CliDesk } from '../../support/cli-desk.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { asAdmin } from '../../support/servers/redis-admin.ts';
import { until } from '../../support/servers/until.ts';
import { sharedRedis } from '../../support/shared.ts';

const TIMEOUT_MS = 120_000;
const LONG = { what: 'Redis without a copy', timeoutMs: 90_000 };
const OPERATIONS = ['destroy', 'create', 'readAgain', 'readNotLately', 'readDatabase', 'update'];

/**
 * What both stores have of the sessions of a desk. Rows with a mark do not count: Redis has missed a write of them, as on a busy machine,
 * and they stay until the mark is cleared.
 */
async function storedBy({ fleet }: CliDesk): Promise<{ readonly rows: number; readonly keys: number }> {
  const { databaseUrl, databaseCa, namespace } = fleet.orders;
  const { prisma, close } = await openPrisma('postgresql', databaseUrl, { ca: databaseCa });
  const [counted] = await prisma.$queryRawUnsafe<{ readonly rows: number }[]>(
    'SELECT count(*)::int AS rows FROM holdfast_session WHERE dirty_at IS NULL',
  );
  await close();
  const redis = sharedRedis();
  const keys = await asAdmin(redis, redis.admin, (admin) => admin.keys(`${namespace}:s:*`));
  return { rows: counted?.rows ?? 0, keys: keys.length };
}

it.concurrent('the servers are measured, and no row and no key is left behind', { timeout: TIMEOUT_MS }, async () => {
  await using desk = await openCliDesk();
  const { sessions, json, output } = desk;
  const user = await sessions.create({ n: 1, writes: 0 }, { userId: 'canary-user' });
  const before = await storedBy(desk);

  const report = await json(['bench', '--duration', '3s', '--concurrency', '8']);
  expect(report).toMatchObject({ code: 0, concurrency: 8, dataBytes: 775 });
  const operations = report['operations'] as readonly Record<string, unknown>[];
  expect(operations.map(({ name }) => name)).toEqual(OPERATIONS);
  for (const operation of operations) {
    expect(operation).toMatchObject({
      alone: { p50Ms: expect.any(Number), p99Ms: expect.any(Number) },
      together: { perSecond: expect.any(Number) },
      clientCpuUs: expect.any(Number),
      errors: {},
    });
  }
  expect(operations.filter(({ redisShare }) => redisShare !== null).map(({ name }) => name)).toEqual([
    'readAgain',
    'readNotLately',
  ]);
  expect(before).toEqual({ rows: 1, keys: 0 });
  await until(async () => (await storedBy(desk)).keys === 0, LONG);
  expect(await storedBy(desk)).toEqual(before);
  expect((await sessions.get(user.id))?.revision).toBe(1);
  expectNoneIn(output, [user.id, 'canary-user']);
});

it.concurrent('Ctrl+C ends a measuring early, and cleans up', { timeout: TIMEOUT_MS }, async () => {
  await using desk = await openCliDesk();
  let child: ChildProcess | undefined;
  const running = desk.run(['bench', '--duration', '1h', '--json'], { onStart: (started) => (child = started) });
  await until(async () => (await storedBy(desk)).rows > 0, { what: 'a session of the benchmark', timeoutMs: 60_000 });
  child?.kill('SIGINT');
  const { code, stdout } = await running;
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, cleanUp: { rowsLeft: expect.any(Number) } });
  await until(async () => (await storedBy(desk)).keys === 0, LONG);
  expect(await storedBy(desk)).toEqual({ rows: 0, keys: 0 });
});
