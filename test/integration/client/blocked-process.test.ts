import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TierWatch } from '../../../bench/measure/tier-watch.ts';
import { load, realClient } from '../../support/real-client.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase } from '../../support/shared.ts';

const CALLERS = 64;
/** As long as a large computation or a process without a processor: past every timeout for Redis. */
const BLOCKED_MS = [300, 600, 450, 300, 600, 500, 350, 600];
const BETWEEN_MS = 200;
/** Few, so that a busy machine's database keeps within its time-out whenever this process is not blocked. */
const WRITERS = 16;
const DURABLE_TIMEOUT_MS = 600;
/** Longer than a statement may take. */
const BLOCKED_WRITES_MS = [800, 900, 800, 1_000];

/** Blocks the event loop. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('a process that was blocked under load blames neither Redis nor its copies', async () => {
  await using redis = await startRedis();
  await using database = await freshDatabase('postgresql');
  await using sessions = await realClient({ redis, database });
  using watch = new TierWatch();
  const ids = await Promise.all(Array.from({ length: CALLERS }, async () => (await sessions.create({ cart: [] })).id));
  const served = async (id: string): Promise<string | undefined> => (await sessions.get(id))?.servedBy;
  for (const id of ids) await until(async () => (await served(id)) === 'primary', { what: 'a hit' });

  const traffic = load(CALLERS, (caller) => served(ids[caller] ?? ''));
  for (const ms of BLOCKED_MS) {
    await pause(BETWEEN_MS);
    // In the continuation of a read, as in a request: the loop runs its timers next, and reads its sockets only then.
    await served(ids[0] ?? '');
    block(ms);
  }
  await pause(BETWEEN_MS);
  const results = await traffic.stop();

  expect(watch.changes).toEqual([]);
  // A difference of thousands of results takes minutes to print.
  expect(results.filter(({ value }) => value !== 'primary').slice(0, 3)).toEqual([]);
});

it('a process that was blocked for longer than a statement may take does not blame the database', async () => {
  await using redis = await startRedis();
  await using database = await freshDatabase('postgresql');
  await using sessions = await realClient({ redis, database, durableTimeout: DURABLE_TIMEOUT_MS });
  using watch = new TierWatch();
  const { id } = await sessions.create({ cart: [] });

  const traffic = load(WRITERS, async () => {
    const created = await sessions.create({ cart: ['A1'] });
    await sessions.update(created.id, ({ cart }) => void cart.push('B2'));
    return (await sessions.get(created.id, { consistency: 'strong' }))?.data.cart.length;
  });
  for (const ms of BLOCKED_WRITES_MS) {
    await pause(BETWEEN_MS);
    await sessions.get(id, { consistency: 'strong' });
    block(ms);
  }
  await pause(BETWEEN_MS);
  const results = await traffic.stop();

  // Scripts for Redis carry deadlines of their own, which such a block outlasts.
  expect(watch.changes.filter(({ tier }) => tier === 'durable')).toEqual([]);
  expect(results.filter(({ value }) => value !== 2).slice(0, 3)).toEqual([]);
});
