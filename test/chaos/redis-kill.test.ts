import { expect, it } from 'vitest';
import { DURABLE_IN_FLIGHT_MAX } from '../../src/limits/durable-tier.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import { load, percentile, realClient, type Shop } from '../support/real-client.ts';
import { openPrisma } from '../support/servers/databases.ts';
import { startRedis } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase } from '../support/shared.ts';
import { RETURN_BOUND_MS } from './bounds.ts';
import { machineTime } from './clock.ts';
import { StatementCount } from './statement-count.ts';

const CALLERS = 128;
const SESSIONS = 256;
/** A session of 0.8 KB. */
const CART: Shop = { cart: Array.from({ length: 16 }, (_, n) => `an article with a name of some length, number ${n}`) };
const SWITCH_MS = 1_000;
/** Promised of the switch, on a machine that is busy with nothing else. */
const SWITCH_P99_MS = 250;
/** More than the library may use at once, so that it is the library's own bound that is seen. */
const POOL_CONNECTIONS = 24;

interface Call {
  readonly at: number;
  readonly ms: number;
  readonly servedBy: 'durable' | 'primary';
}

it('128 callers lose no call when Redis is killed, and get it back when it returns', { timeout: 60_000 }, async () => {
  await using redis = await startRedis();
  await using database = await freshDatabase('postgresql');
  const { url, ca = '' } = database;
  await using pool = await openPrisma('postgresql', url, { ca, connections: POOL_CONNECTIONS });
  const statements = new StatementCount(pool.prisma);
  const durable = prismaTier(statements, { provider: 'postgresql' });
  await using sessions = await realClient({ redis, database, durable });
  const ids: string[] = [];
  for (let n = 0; n < SESSIONS; n += 1) ids.push((await sessions.create(CART)).id);
  const calls: Call[] = [];
  const traffic = load(CALLERS, async (caller) => {
    const at = machineTime();
    try {
      const session = await sessions.get(ids[(caller + calls.length) % SESSIONS] ?? '');
      if (session === null) throw new Error('a living session was called missing');
      calls.push({ at, ms: machineTime() - at, servedBy: session.servedBy });
    } catch (error) {
      // A caller that fails at once and calls again at once would leave no time for anything else.
      await new Promise((resolve) => setImmediate(resolve));
      throw error;
    }
  });
  const hits = (from: number): Call[] => calls.filter(({ at, servedBy }) => at >= from && servedBy === 'primary');
  const isUnderWay = (): boolean => calls.slice(-CALLERS).every(({ servedBy }) => servedBy === 'primary');

  const beganAt = machineTime();
  await until(() => machineTime() > beganAt + 3 * SWITCH_MS && isUnderWay(), { what: 'steady traffic' });
  const steadyFrom = beganAt + SWITCH_MS;
  const killedAt = machineTime();
  await redis.kill();
  await until(() => (calls.at(-1)?.at ?? 0) > killedAt + 3 * SWITCH_MS, { what: 'three seconds without Redis' });
  const startedAt = machineTime();
  await redis.start();
  const backAt = machineTime();
  await until(() => (calls.at(-1)?.at ?? 0) > backAt + SWITCH_MS && isUnderWay(), { what: 'Redis to serve again' });
  const results = await traffic.stop();

  const failed = results.filter(({ error }) => error !== undefined);
  const lines = {
    'before the kill': calls.filter(({ at, ms }) => at >= steadyFrom && at + ms < killedAt),
    'in the second after it': calls.filter(({ at, ms }) => at + ms >= killedAt && at < killedAt + SWITCH_MS),
    'without Redis': calls.filter(({ at }) => at >= killedAt + SWITCH_MS && at < startedAt),
    'in the second after its return': calls.filter(({ at }) => at >= backAt && at < backAt + SWITCH_MS),
  };
  const firstHit = hits(startedAt)[0]?.at ?? Infinity;
  const sent = {
    before: statements.sentBetween(startedAt - SWITCH_MS, startedAt),
    after: statements.sentBetween(firstHit, firstHit + SWITCH_MS),
  };
  process.stdout.write(
    [
      `Redis killed under ${CALLERS} callers: ${results.length} calls, ${failed.length} failed`,
      ...Object.entries(lines).map(([when, some]) => `  ${when}: ${describe(some)}`),
      `  served by Redis again ${(firstHit - backAt).toFixed(0)} ms after it answered PING, ${(firstHit - startedAt).toFixed(0)} ms after its start`,
      `  statements at once, most: ${statements.most}; in the last second without Redis ${sent.before}, in the first with it ${sent.after}`,
      '',
    ].join('\n'),
  );
  expect(failed).toEqual([]);
  expect(statements.most).toBeLessThanOrEqual(DURABLE_IN_FLIGHT_MAX);
  expect(firstHit - backAt).toBeLessThan(RETURN_BOUND_MS);
  // A cold Redis is filled by the reads that would have asked the database anyway.
  expect(sent.after).toBeLessThan(Math.max(sent.before, 2 * SESSIONS));
  // A busy machine makes every call slow that the database answers: the switch itself may add no more than was promised.
  expect(p99(lines['in the second after it'])).toBeLessThan(SWITCH_P99_MS + 2 * p99(lines['without Redis']));
});

function p99(calls: readonly Call[]): number {
  return percentile(
    calls.map(({ ms }) => ms),
    0.99,
  );
}

function describe(calls: readonly Call[]): string {
  const ms = calls.map((call) => call.ms);
  const at = (share: number): string => percentile(ms, share).toFixed(1);
  return `${calls.length} calls, p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms`;
}
