import { describe, expect, it } from 'vitest';
import type { Platform } from '../../../../src/platform/platform.ts';
import { Lane } from '../../../../src/tiers/prisma/lane.ts';
import { StatementRunner } from '../../../../src/tiers/prisma/statement-runner.ts';

const statement = { text: 'UPDATE', values: [] };
const busy = Object.assign(new Error('database is locked'), { code: 'P2010' });
const alone = { timeoutMs: 1_000, lane: null, settings: [] };
const conflict = Object.assign(new Error('x'), { code: 'P2002' });

describe('a statement', () => {
  it('is sent once when it succeeds', async () => {
    const { runner, sent } = setUp([7]);
    expect(await runner.count(statement)).toBe(7);
    expect(sent()).toBe(1);
  });

  it('is sent again while somebody else holds the lock', async () => {
    const { runner, sent } = setUp([busy, busy, busy, 1]);
    expect(await runner.count(statement)).toBe(1);
    expect(sent()).toBe(4);
  });

  it('is given up as rejected when the lock outlasts the time-out, and never sent after it', async () => {
    const { runner, sent, time } = setUp(Array.from({ length: 1_000 }, () => busy));
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'rejected', reason: 'busy' });
    expect(time()).toBeLessThanOrEqual(1_000);
    expect(sent()).toBeGreaterThan(10);
    expect(sent()).toBeLessThan(100);
  });

  it('is not sent again when the server refused it for good', async () => {
    const { runner, sent } = setUp([conflict, 1]);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'rejected', reason: 'unique-violation' });
    expect(sent()).toBe(1);
  });

  it('is not sent again when its outcome is unknown', async () => {
    const { runner, sent } = setUp([new Error('Query read timeout'), 1]);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'ambiguous', reason: 'read-timeout' });
    expect(sent()).toBe(1);
  });

  it('is ambiguous when nobody answers in time', async () => {
    const { runner, time } = setUp([new Promise<number>(() => {})]);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    expect(time()).toBe(1_000);
  });

  it('was not sent when its turn did not come in time, and is never sent later', async () => {
    const lane = new Lane();
    const { runner, sent } = setUp([1], lane);
    let release = (): void => {};
    void lane.run(() => new Promise<void>((resolve) => (release = resolve)));
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'not-sent', reason: 'deadline' });
    release();
    await lane.run(async () => {});
    expect(sent()).toBe(0);
  });

  it('waits its turn, also behind one that failed', async () => {
    const { runner } = setUp([conflict, 2, 3], new Lane());
    const [first, ...others] = [runner.count(statement), runner.count(statement), runner.count(statement)];
    await expect(first).rejects.toMatchObject({ reason: 'unique-violation' });
    expect(await Promise.all(others)).toEqual([2, 3]);
  });

  it('gets another connection when libsql left it unfinished', async () => {
    const libsqlBusy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { code: 'P2010' });
    const { runner, sent, renewed } = setUp([libsqlBusy, busy, 1]);
    expect(await runner.count(statement)).toBe(1);
    expect(sent()).toBe(3);
    expect(renewed()).toBe(1);
  });

  it('is the last that is trusted when there is no other connection to get', async () => {
    const libsqlBusy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { code: 'P2010' });
    const { runner } = setUp([libsqlBusy, 1], null, new Error('canary'));
    const failure = runner.count(statement);
    await expect(failure).rejects.toMatchObject({
      code: 'HOLDFAST_TIER_FAILURE',
      kind: 'ambiguous',
      reason: 'connection-stuck',
    });
    await expect(failure).rejects.not.toThrow(/canary/);
  });

  it('leaves no timer behind', async () => {
    const { runner, timers } = setUp([1, conflict]);
    await runner.count(statement);
    await runner.count(statement).catch(() => {});
    expect(timers()).toBe(0);
  });

  it('turns an error thrown on the spot into a failure as well', async () => {
    const client = {
      $queryRawUnsafe: (): Promise<unknown> => {
        throw new Error('on the spot');
      },
      $executeRawUnsafe: async () => 0,
    };
    const runner = new StatementRunner(client, { ...alone, platform: fakePlatform().platform });
    await expect(runner.rows(statement, () => {})).rejects.toMatchObject({
      code: 'HOLDFAST_TIER_FAILURE',
      kind: 'ambiguous',
    });
  });
});

function setUp(answers: (number | Error | Promise<number>)[], lane: Lane | null = null, stuck?: Error) {
  let sent = 0;
  let renewed = 0;
  const answer = async (): Promise<number> => {
    const next = answers[sent];
    sent += 1;
    if (next instanceof Error) throw next;
    return next ?? Number.NaN;
  };
  const { platform, time, timers } = fakePlatform();
  const $transaction = async (work: () => Promise<unknown>): Promise<void> => {
    renewed += 1;
    if (stuck) throw stuck;
    await work();
  };
  const client = { $queryRawUnsafe: answer, $executeRawUnsafe: answer, $transaction };
  const runner = new StatementRunner(client, { ...alone, platform, lane });
  return { runner, sent: () => sent, renewed: () => renewed, time, timers };
}

/** Time passes only when all work that can be done at once has been done. */
function fakePlatform() {
  let now = 0;
  const timers = new Set<{ dueAt: number; callback: () => void }>();
  const advance = (): void => {
    const [next] = [...timers].sort((a, b) => a.dueAt - b.dueAt);
    if (!next) return;
    timers.delete(next);
    now = Math.max(now, next.dueAt);
    next.callback();
  };
  const platform: Platform = {
    now: () => now,
    monotonic: () => now,
    random: () => 0.9,
    fillRandom: () => {},
    after(delayMs, callback) {
      const timer = { dueAt: now + delayMs, callback };
      timers.add(timer);
      setImmediate(advance);
      return () => timers.delete(timer);
    },
  };
  return { platform, time: () => now, timers: () => timers.size };
}
