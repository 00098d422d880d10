import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DURABLE_CALLS_MAX, DURABLE_WAITING_MAX } from '../../../src/limits/durable-tier.ts';
import type { CallName, OverloadOrders, OverloadReport } from '../../support/overload/messages.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const WORKER = fileURLToPath(new URL('../../support/overload/overload-worker.ts', import.meta.url));

/** Every row that is read or written costs a millisecond or two, and no processor that others need. */
const MAKE_SLOW = [
  `CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN PERFORM pg_sleep(0.001); RETURN true; END'`,
  'CREATE POLICY slow ON holdfast_session USING (slow()) WITH CHECK (true)',
  'ALTER TABLE holdfast_session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
];
const MAKE_FAST = 'ALTER TABLE holdfast_session DISABLE ROW LEVEL SECURITY';

const FLOOD_MS = 3_000;
const DURABLE_TIMEOUT_MS = 2_000;
const UPDATE_TIMEOUT_MS = 2_000;
/** A statement: the wait for room, and the answer. */
const STATEMENT_MS = 2 * DURABLE_TIMEOUT_MS;
/** A call is so many statements one after another at most, each at its slowest, and (updates) the wait for its turn. */
const BOUNDS_MS: Readonly<Record<CallName, number>> = {
  // What Redis has is confirmed, and read if it is another revision.
  read: 2 * STATEMENT_MS,
  'strong read': 2 * STATEMENT_MS,
  // A lost INSERT is given up for another one.
  create: 2 * STATEMENT_MS,
  touch: 3 * STATEMENT_MS,
  // A lost UPDATE is asked for again, and then what became of it.
  update: UPDATE_TIMEOUT_MS + 5 * STATEMENT_MS,
};

const REFUSED = 'HOLDFAST_TIER_UNAVAILABLE durable overloaded';
/** A statement is late when the database is, and who waited for its answer cannot know. */
const LATE = ['HOLDFAST_TIER_UNAVAILABLE durable deadline', 'HOLDFAST_TIER_UNAVAILABLE durable breaker-open'];
const PROMISED: Readonly<Record<CallName, readonly string[]>> = {
  read: ['ok', REFUSED, ...LATE],
  'strong read': ['ok', REFUSED, ...LATE],
  create: ['ok', REFUSED, ...LATE, 'HOLDFAST_OUTCOME_UNKNOWN'],
  touch: ['ok', REFUSED, ...LATE],
  update: ['ok', REFUSED, ...LATE, 'HOLDFAST_OUTCOME_UNKNOWN', 'HOLDFAST_REVISION_CONFLICT'],
};

const PAYLOAD_BYTES = 1_000;
/** All that may wait or be under way. The data is there as text, as bytes and sealed; promises, closures and garbage come to as much again. */
const CALLS_MAX = 2 * DURABLE_WAITING_MAX + DURABLE_CALLS_MAX;
const GROWTH_BYTES_MAX = CALLS_MAX * (4 * PAYLOAD_BYTES + 16 * 1024);
const LEFT_BYTES_MAX = 32 * 1024 * 1024;

// What it measures another load on the machine would spoil: the long run (`npm run soak`) has it.
describe.runIf(process.env['OVERLOAD'] === '1')('ten times the load that the database carries', () => {
  it('is refused in time and by name, loses nothing that was acknowledged, and is over when it is over', async () => {
    await using database = await freshDatabase('postgresql');
    for (const sql of MAKE_SLOW) await database.prisma.$executeRawUnsafe(sql);
    const report = await overload({
      redis: sharedRedis(),
      databaseUrl: database.url,
      databaseCa: database.ca ?? '',
      namespace: uniqueNamespace(),
      durableTimeoutMs: DURABLE_TIMEOUT_MS,
      updateTimeoutMs: UPDATE_TIMEOUT_MS,
      payloadBytes: PAYLOAD_BYTES,
      factor: 10,
      floodMs: FLOOD_MS,
      settleMs: BOUNDS_MS.update,
      leftMax: LEFT_BYTES_MAX,
      makeFast: MAKE_FAST,
    });

    // As much as a busy machine lets through of the ten times; that it was too much is seen by what was refused.
    expect(report.offered).toBeGreaterThan((2 * report.carriedBefore * FLOOD_MS) / 1_000);
    expect(report.unsettled).toBe(0);
    for (const name of Object.keys(BOUNDS_MS) as CallName[]) {
      const { outcomes, slowestMs } = report.flood[name];
      expect(PROMISED[name], name).toEqual(expect.arrayContaining(Object.keys(outcomes)));
      // Time in which this process answers nothing is nobody's bound.
      expect(slowestMs, name).toBeLessThan(BOUNDS_MS[name] + 10 * report.stoodStillMs);
    }
    expect(report.flood.create.outcomes[REFUSED]).toBeGreaterThan(0);
    expect(report.flood['strong read'].outcomes[REFUSED]).toBeGreaterThan(0);
    // Redis has nearly all of them, and whoever does not need the database does not wait for it.
    if (report.primaryLosses === 0) expect(shareOf(report.flood.read.outcomes, 'ok')).toBeGreaterThan(0.9);

    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.found).toBe(report.acknowledged);
    expect(report.grownBy.peak).toBeLessThan(GROWTH_BYTES_MAX);
    expect(report.grownBy.after).toBeLessThan(LEFT_BYTES_MAX);

    expect(report.recoveredAfterMs).toBeLessThan(BOUNDS_MS.create + 10 * report.stoodStillMs);
    expect(report.carriedAfter).toBeGreaterThan(0.8 * report.carriedBefore);
    expect(report.connections).toBeLessThanOrEqual(10);
    expect(report.health).toEqual({ primary: 'up', durable: 'up' });
  }, 180_000);
});

function shareOf(outcomes: Readonly<Record<string, number>>, outcome: string): number {
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return (outcomes[outcome] ?? 0) / all;
}

/** In a process of its own, so that its memory and its time are nobody else's. */
function overload(orders: OverloadOrders): Promise<OverloadReport> {
  const worker = fork(WORKER, {
    env: { ...process.env, PGAPPNAME: orders.namespace },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise<OverloadReport>((resolve, reject) => {
    worker.once('message', ({ report, failure }: { report?: OverloadReport; failure?: string }) => {
      if (report) resolve(report);
      else reject(new Error(failure));
    });
    worker.once('exit', (code) => reject(new Error(`the process ended with ${String(code)}`)));
    worker.send(orders);
  }).finally(() => worker.kill('SIGKILL'));
}
