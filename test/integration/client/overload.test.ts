import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  DURABLE_CALLS_MAX,
  DURABLE_WAITING_MAX,
  SHARED_STATEMENT_BYTES_MAX,
} from '../../../src/limits/durable-tier.ts';
import type { CallName, OverloadOrders, OverloadReport } from '../../support/overload/messages.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const WORKER = fileURLToPath(new URL('../../support/overload/overload-worker.ts', import.meta.url));

/**
 * Makes each statement take 0.3 s (an update twice as long), whatever its plan and number of rows, and no processor time: a
 * sub-select is evaluated once. So the database carries as many sessions a second as the lanes take in a statement, on every
 * machine.
 */
const MAKE_SLOW = [
  `CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql VOLATILE AS 'BEGIN PERFORM pg_sleep(0.3); RETURN true; END'`,
  'CREATE POLICY slow ON holdfast_session FOR SELECT USING ((SELECT slow()))',
  'CREATE POLICY inserts ON holdfast_session FOR INSERT WITH CHECK (true)',
  'CREATE POLICY updates ON holdfast_session FOR UPDATE USING (true)',
  'ALTER TABLE holdfast_session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
];
const MAKE_FAST = 'ALTER TABLE holdfast_session DISABLE ROW LEVEL SECURITY';

const FLOOD_MS = 3_000;
const DURABLE_TIMEOUT_MS = 2_000;
const UPDATE_TIMEOUT_MS = 2_000;
/** The longest time of a statement: the wait for room, and the answer. */
const STATEMENT_MS = 2 * DURABLE_TIMEOUT_MS;
/** The statements of a call, one after another, each at its slowest; for updates also the wait for their turn. */
const BOUNDS_MS: Readonly<Record<CallName, number>> = {
  // The copy in Redis is confirmed, and the session read if its revision is another.
  read: 2 * STATEMENT_MS,
  'strong read': 2 * STATEMENT_MS,
  // A lost INSERT is replaced by another one.
  create: 2 * STATEMENT_MS,
  touch: 3 * STATEMENT_MS,
  // A lost UPDATE is sent again, and then its outcome is read.
  update: UPDATE_TIMEOUT_MS + 5 * STATEMENT_MS,
};

const REFUSED = 'HOLDFAST_TIER_UNAVAILABLE durable overloaded';
/** The outcomes of a statement that the database answered late: its caller cannot know whether it ran. */
const LATE = ['HOLDFAST_TIER_UNAVAILABLE durable deadline', 'HOLDFAST_TIER_UNAVAILABLE durable breaker-open'];
/** Reads of one session that come together are one; a touch is written to the database later. */
const NEED_DATABASE: readonly CallName[] = ['create', 'strong read', 'update'];
const PROMISED: Readonly<Record<CallName, readonly string[]>> = {
  read: ['ok', REFUSED, ...LATE],
  'strong read': ['ok', REFUSED, ...LATE],
  create: ['ok', REFUSED, ...LATE, 'HOLDFAST_OUTCOME_UNKNOWN'],
  touch: ['ok', REFUSED, ...LATE],
  update: ['ok', REFUSED, ...LATE, 'HOLDFAST_OUTCOME_UNKNOWN', 'HOLDFAST_REVISION_CONFLICT'],
};

/** 64 of them fill a statement: a slow machine too can offer ten times what the lanes then carry. */
const PAYLOAD_BYTES: number = SHARED_STATEMENT_BYTES_MAX / 64;
/** The most calls that may wait or be under way. */
const CALLS_MAX = 2 * DURABLE_WAITING_MAX + DURABLE_CALLS_MAX;
/** The data exists as text, as bytes and sealed; promises, closures and garbage take as much again. */
const CALL_BYTES_MAX = 4 * PAYLOAD_BYTES + 16 * 1024;
const LEFT_BYTES_MAX = 32 * 1024 * 1024;

// Another load on the machine would spoil the measurement, so only the long run (`npm run soak`) has this test.
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

    // A busy machine may not offer all ten times as much; the refusals show that it was too much.
    expect(report.offered).toBeGreaterThan((2 * report.carriedBefore * report.offeredMs) / 1_000);
    expect(report.unsettled).toBe(0);
    for (const name of Object.keys(BOUNDS_MS) as CallName[]) {
      const { outcomes, slowestMs } = report.flood[name];
      expect(PROMISED[name], name).toEqual(expect.arrayContaining(Object.keys(outcomes)));
      // The bounds do not count the time for which the process was blocked.
      expect(slowestMs, name).toBeLessThan(BOUNDS_MS[name] + 10 * report.blockedMs);
    }
    expect(shareOf(report.flood, NEED_DATABASE, REFUSED)).toBeGreaterThan(0.05);
    // Redis has nearly all of them, and a call that does not need the database does not wait for it.
    if (report.primaryLosses === 0) expect(shareOf(report.flood, ['read'], 'ok')).toBeGreaterThan(0.9);

    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.found).toBe(report.acknowledged);
    expect(report.grownBy.peak).toBeLessThan(Math.min(CALLS_MAX, report.offered) * CALL_BYTES_MAX);
    expect(report.grownBy.after).toBeLessThan(LEFT_BYTES_MAX);

    expect(report.recoveredAfterMs).toBeLessThan(BOUNDS_MS.create + 10 * report.blockedMs);
    expect(report.carriedAfter).toBeGreaterThan(0.6 * report.carriedBefore);
    expect(report.connections).toBeLessThanOrEqual(10);
    expect(report.health).toEqual({ primary: 'up', durable: 'up' });
  }, 180_000);
});

function shareOf(flood: OverloadReport['flood'], names: readonly CallName[], outcome: string): number {
  const tallies = names.map((name) => flood[name].outcomes);
  const all = tallies.flatMap((outcomes) => Object.values(outcomes)).reduce((sum, count) => sum + count, 0);
  return tallies.reduce((sum, outcomes) => sum + (outcomes[outcome] ?? 0), 0) / all;
}

/** Runs in a process of its own, which shares neither memory nor time with the tests. */
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
