import { describe, expect, it } from 'vitest';
import type { Platform } from '../../../../src/platform/platform.ts';
import { StatementRunner } from '../../../../src/tiers/prisma/statement-runner.ts';

const statement = { text: 'UPDATE', values: [] };
const busy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { code: 'P2010' });
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
    const runner = new StatementRunner(client, { platform: fakePlatform().platform, timeoutMs: 1_000 });
    await expect(runner.rows(statement, () => {})).rejects.toMatchObject({ code: 'HOLDFAST_TIER_FAILURE', kind: 'ambiguous' });
  });
});

function setUp(answers: (number | Error | Promise<number>)[]) {
  let sent = 0;
  const answer = async (): Promise<number> => {
    const next = answers[sent];
    sent += 1;
    if (next instanceof Error) throw next;
    return next ?? Number.NaN;
  };
  const { platform, time, timers } = fakePlatform();
  const client = { $queryRawUnsafe: answer, $executeRawUnsafe: answer };
  return { runner: new StatementRunner(client, { platform, timeoutMs: 1_000 }), sent: () => sent, time, timers };
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
