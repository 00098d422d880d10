import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import { COARSE_TICK_COUNTED_MS_MAX } from '../../../../src/limits/process.ts';
import { CoarseTimeouts } from '../../../../src/platform/coarse-timeouts.ts';
import type { Platform } from '../../../../src/platform/platform.ts';
import type { CallTimeouts } from '../../../../src/tiers/prisma/batch/call.ts';
import { Lanes } from '../../../../src/tiers/prisma/batch/lanes.ts';
import { ClusterTime } from '../../../../src/tiers/sql/cluster/cluster-time.ts';
import type { Row } from '../../../../src/tiers/sql/rows/rows.ts';
import { StatementRunner } from '../../../../src/tiers/prisma/statement-runner.ts';
import { settled } from '../../../support/fake-platform.ts';

const statement = { text: 'UPDATE', values: [] };
const followed = { ...statement, answer: () => ({ text: 'SELECT', values: [] }) };
const busy = Object.assign(new Error('database is locked'), { code: 'P2010' });
const options = { timeoutMs: 1_000, holdsLane: true, settings: [], leave: null, provider: 'postgresql' as const };
const conflict = Object.assign(new Error('x'), { code: 'P2002' });

describe('a statement', () => {
  it('is sent once when it succeeds', async () => {
    const { runner, sent } = setUp([7]);
    expect(await runner.count(statement)).toBe(7);
    expect(sent()).toBe(1);
  });

  it('that answers no rows is followed by what its count says', async () => {
    const { runner, sent } = setUp([1]);
    const rows = [{ storage_key: 'x' }];
    const counted = { ...statement, answer: (count: number) => (count === 1 ? rows : []) };
    expect(await runner.rows(counted, (found) => found)).toBe(rows);
    expect(sent()).toBe(1);
  });

  it('that answers no rows is followed by a read, whose rows are the answer', async () => {
    const { runner } = setUp([1, [{ now: 1 }, { now: 2 }], 0, []]);
    expect(await runner.rows(followed, (found) => found)).toHaveLength(2);
    expect(await runner.count(followed)).toBe(0);
  });

  it('that is done stays done when the read after it is not sent, or leads to a server that is no primary', async () => {
    for (const [code, reason] of [
      ['P2024', 'pool-timeout'],
      ['25006', 'read-only'],
    ] as const) {
      const { runner, sent } = setUp([1, Object.assign(new Error('x'), { code }), [{ now: 1 }]]);
      await expect(runner.count(followed)).rejects.toMatchObject({ kind: 'ambiguous', reason });
      expect(sent()).toBe(2);
    }
  });

  it.each([
    ['1969', 'statement-timeout'],
    ['1205', 'lock-timeout'],
  ])('that is done is not sent again when the read after it is refused, but the read is (%s)', async (code, reason) => {
    const refused = Object.assign(new Error('x'), { code });
    const once = setUp([1, refused, refused, [{ now: 1 }]]);
    expect(await once.runner.count(followed)).toBe(1);
    expect(once.texts()).toEqual(['UPDATE', 'SELECT', 'SELECT', 'SELECT']);
    const always = setUp([1, ...Array.from({ length: 1_000 }, () => refused)]);
    await expect(always.runner.count(followed)).rejects.toMatchObject({ kind: 'ambiguous', reason });
    expect(always.texts().filter((text) => text === 'UPDATE')).toHaveLength(1);
    expect(always.time()).toBeLessThanOrEqual(1_000);
  });

  it.each(['P2024', '22012'])(
    'that changed some of its rows says so when it fails as it is sent again (%s)',
    async (code) => {
      const { runner, sent } = setUp([[], Object.assign(new Error('x'), { code })]);
      const moved = (): never => {
        throw new TierFailure('ambiguous', 'rows-moved');
      };
      await expect(runner.rows(statement, moved)).rejects.toMatchObject({ kind: 'ambiguous' });
      expect(sent()).toBe(2);
    },
  );

  it('that finds rows is followed by the one that changes them, or is the answer where nothing is to be changed', async () => {
    const rows = [{ storage_key: 'x' }, { storage_key: 'y' }];
    const finding = { text: 'SELECT', values: [], change: (found: object) => (found === rows ? statement : []) };
    const { runner, sent } = setUp([rows, 2, []]);
    expect(await runner.count(finding)).toBe(2);
    expect(await runner.count(finding)).toBe(0);
    expect(sent()).toBe(3);
  });

  it('that finds rows finds them anew when the one that changes them is sent again', async () => {
    const { runner, sent } = setUp([[{ storage_key: 'x' }], busy, [{ storage_key: 'y' }], 1]);
    const finding = {
      text: 'SELECT',
      values: [],
      change: (found: readonly Row[]) => ({ ...statement, answer: () => found }),
    };
    expect(await runner.rows(finding, (rows) => rows)).toEqual([{ storage_key: 'y' }]);
    expect(sent()).toBe(4);
  });

  it('that finds rows has changed nothing where the one that changes them is refused', async () => {
    const { runner } = setUp([[], conflict]);
    const finding = { text: 'SELECT', values: [], change: () => statement };
    await expect(runner.count(finding)).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('is sent again while another transaction holds the lock', async () => {
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

  it('is ambiguous when no answer comes in time', async () => {
    const { runner, time } = setUp([new Promise<number>(() => {})]);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    expect(time()).toBe(1_000 + COARSE_TICK_COUNTED_MS_MAX);
  });

  it('was not sent when its turn did not come in time, and is never sent later', async () => {
    const lanes = new Lanes(1);
    const { runner, sent } = setUp([1], lanes);
    const release = occupy(lanes);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'not-sent', reason: 'deadline' });
    release();
    await untilFree(lanes);
    expect(sent()).toBe(0);
  });

  it('is never sent after its caller gave up, even if the clock says that there was time left', async () => {
    const lanes = new Lanes(1);
    const { runner, sent } = setUp([1], lanes, { early: 1 });
    const release = occupy(lanes);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'not-sent' });
    release();
    await untilFree(lanes);
    expect(sent()).toBe(0);
  });

  it('that is never answered keeps the only connection for itself, and another lane only until its time is up', async () => {
    for (const [holdsLane, free] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const lanes = new Lanes(1);
      const { runner } = setUp([new Promise<number>(() => {})], lanes, { holdsLane });
      await runner.count(statement).catch(() => {});
      await settled();
      expect(lanes.free).toBe(free);
    }
  });

  it('waits its turn, also behind one that failed', async () => {
    const { runner } = setUp([conflict, 2, 3], new Lanes(1));
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
    const { runner } = setUp([libsqlBusy, 1], new Lanes(1), { stuck: new Error('canary') });
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
    await settled();
    expect(timers()).toBe(0);
  });

  it('that was not sent to a server without quorum has no connection to end', async () => {
    const { runner, sent } = setUp([Object.assign(new Error('no: 1047, SQLState: 08S01'), { code: '45028' })]);
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'not-sent', reason: 'no-quorum' });
    expect(sent()).toBe(1);
  });

  it.each(['cluster-wait', 'no-quorum', 'standby', 'read-only'])(
    'that finds a server which is no primary (%s) ends the connection',
    async (reason) => {
      const { platform } = fakePlatform();
      const texts: string[] = [];
      const client = {
        async $queryRawUnsafe(text: string): Promise<unknown> {
          texts.push(text);
          if (text === 'LEAVE') throw new Error('the connection has ended');
          return [];
        },
        $executeRawUnsafe: async () => 0,
      };
      const leave = { text: 'LEAVE', values: [] };
      const runner = new StatementRunner(client, { ...waits(platform), leave, lanes: new Lanes(1) });
      const refuse = (): never => {
        throw new TierFailure('rejected', reason);
      };
      await expect(runner.rows(statement, refuse)).rejects.toMatchObject({ kind: 'rejected', reason });
      expect(texts).toEqual(['UPDATE', 'LEAVE']);
    },
  );

  it('that meets a server of a cluster whose clock is not known reads that clock, and is sent again with it', async () => {
    const { platform } = fakePlatform();
    const time = new ClusterTime(platform);
    const texts: string[] = [];
    const client = {
      async $queryRawUnsafe(text: string, ...values: unknown[]): Promise<unknown> {
        texts.push([text, ...values].join(' '));
        if (text === 'PROBE') return [{ now: 1_000n, server: 's1', committed: 5_000n }];
        if (texts.length === 1) throw new Error("DOUBLE value is out of range in 'exp(710)'");
        return [];
      },
      $executeRawUnsafe: async () => 0,
    };
    const cluster = { time, probe: { text: 'PROBE', values: [] }, quorum: { text: 'QUORUM', values: [] } };
    const runner = new StatementRunner(client, { ...waits(platform), cluster, lanes: new Lanes(1) });
    const sending = runner.rows({ text: 'UPDATE', values: [() => time.offsets()] }, () => 'done');
    expect(await sending).toBe('done');
    expect(texts).toEqual(['UPDATE {}', 'PROBE', 'UPDATE {"s1":4000}']);
  });

  const waited = Object.assign(new Error('x'), { code: '1205' });
  it.each([
    ['another transaction', 'lock-timeout', [waited, [{ now: 1 }]], ['UPDATE', 'PROBE']],
    [
      'what its cluster has committed',
      'cluster-wait',
      [waited, waited, [{ Value: 'Primary' }]],
      ['UPDATE', 'PROBE', 'QUORUM'],
    ],
    [
      'a cluster that its server has lost',
      'no-quorum',
      [waited, waited, [{ Value: 'non-Primary' }]],
      ['UPDATE', 'PROBE', 'QUORUM'],
    ],
  ] as const)('that waited in vain on a cluster says whether for %s', async (_what, reason, answers, texts) => {
    const { platform } = fakePlatform();
    const sent: string[] = [];
    const answer = async (text: string): Promise<never> => {
      const next = answers[sent.length];
      sent.push(text);
      if (next instanceof Error) throw next;
      return next as never;
    };
    const cluster = {
      time: new ClusterTime(platform),
      probe: { text: 'PROBE', values: [] },
      quorum: { text: 'QUORUM', values: [] },
    };
    const client = { $queryRawUnsafe: answer, $executeRawUnsafe: answer };
    const runner = new StatementRunner(client, { ...waits(platform), provider: 'mysql', cluster, lanes: new Lanes(1) });
    await expect(runner.count(statement)).rejects.toMatchObject({ kind: 'rejected', reason });
    expect(sent).toEqual(texts);
  });

  it('turns an error thrown on the spot into a failure as well', async () => {
    const client = {
      $queryRawUnsafe: (): Promise<unknown> => {
        throw new Error('on the spot');
      },
      $executeRawUnsafe: async () => 0,
    };
    const { platform } = fakePlatform();
    const runner = new StatementRunner(client, { ...waits(platform), lanes: new Lanes(1) });
    await expect(runner.rows(statement, () => {})).rejects.toMatchObject({
      code: 'HOLDFAST_TIER_FAILURE',
      kind: 'ambiguous',
    });
  });
});

interface Circumstances {
  readonly holdsLane?: boolean;
  /** Thrown where a new connection is asked for. */
  readonly stuck?: Error;
  /** Milliseconds by which timers run before their time. */
  readonly early?: number;
}

function setUp(
  answers: (number | object[] | Error | Promise<number>)[],
  lanes = new Lanes(1),
  { holdsLane = true, stuck, early = 0 }: Circumstances = {},
) {
  const texts: string[] = [];
  let renewed = 0;
  const answer = async (text: string) => {
    const next = answers[texts.length];
    texts.push(text);
    if (next instanceof Error) throw next;
    return next ?? Number.NaN;
  };
  const { platform, time, timers } = fakePlatform(early);
  const $transaction = async (work: () => Promise<unknown>): Promise<void> => {
    renewed += 1;
    if (stuck) throw stuck;
    await work();
  };
  const client = {
    $queryRawUnsafe: answer,
    $executeRawUnsafe: answer as (text: string) => Promise<number>,
    $transaction,
  };
  const runner = new StatementRunner(client, { ...waits(platform), holdsLane, lanes });
  return { runner, sent: () => texts.length, texts: () => texts, renewed: () => renewed, time, timers };
}

function waits(platform: Platform) {
  const timeouts: CallTimeouts = new CoarseTimeouts(platform, options.timeoutMs, (call) => call.expire());
  return { ...options, platform, timeouts };
}

/** Takes a lane; answers what gives it back. */
function occupy(lanes: Lanes): () => void {
  let release = (): void => {};
  lanes.enter(() => new Promise<void>((resolve) => (release = resolve)));
  return () => release();
}

function untilFree(lanes: Lanes): Promise<void> {
  return new Promise((resolve) => {
    lanes.enter(async () => resolve());
  });
}

/** Time passes only when all work that can be done at once has been done. */
function fakePlatform(early = 0) {
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
    afterInput: (callback) => setImmediate(callback),
    after(delayMs, callback) {
      const timer = { dueAt: now + delayMs - early, callback };
      timers.add(timer);
      setImmediate(advance);
      return () => timers.delete(timer);
    },
  };
  return { platform, time: () => now, timers: () => timers.size };
}
