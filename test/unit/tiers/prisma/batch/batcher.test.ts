import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../../src/errors.ts';
import {
  SHARED_STATEMENT_BYTES_MAX,
  SLOW_ROW_MS,
  STATEMENT_TIME_SHARE_MIN,
} from '../../../../../src/limits/durable-tier.ts';
import { COARSE_TICK_MS } from '../../../../../src/limits/process.ts';
import { CoarseTimeouts } from '../../../../../src/platform/coarse-timeouts.ts';
import { Batcher } from '../../../../../src/tiers/prisma/batch/batcher.ts';
import { type LaneThrift, Lanes } from '../../../../../src/tiers/prisma/batch/lanes.ts';
import { FakePlatform, settled } from '../../../../support/fake-platform.ts';

const TIMEOUT_MS = 1_000;
/** Whose time is up hears of it so much later at most. */
const TICKS_MS = 2 * COARSE_TICK_MS;
const GIVEN_UP_MS = TIMEOUT_MS + TICKS_MS;

describe('a call', () => {
  it('that finds a lane free is sent at once, without any time passing', async () => {
    const { call, statements } = setUp();
    void call('a');
    await settled();
    expect(statements()).toEqual(['a']);
  });

  it('shares a statement with those that arrive in the same turn of the event loop', async () => {
    const { call, statements, answer } = setUp();
    const calls = [call('a'), Promise.resolve().then(() => call('b')), call('c')];
    await settled();
    expect(statements()).toEqual(['a c b']);
    answer(0);
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c']);
  });

  it('waits while all lanes are busy, and is sent with the other waiting calls as soon as one is free', async () => {
    const { call, statements, answer } = setUp();
    void call('a');
    await settled();
    for (const name of ['b', 'c', 'd']) void call(name);
    await settled();
    expect(statements()).toEqual(['a']);
    answer(0);
    await settled();
    expect(statements()).toEqual(['a', 'b c d']);
  });

  it('is sent in the order of arrival', async () => {
    const { call, statements, answer } = setUp({ rowsMax: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) void call(name);
    for (let n = 0; n < 3; n += 1) {
      await settled();
      answer(n);
    }
    expect(statements()).toEqual(['a b', 'c d', 'e']);
  });

  it('waits for the next statement when another one of its session is in this one', async () => {
    const { call, statements, answer } = setUp();
    const calls = [call('a', 'first'), call('b'), call('a', 'second'), call('a', 'third')];
    for (let n = 0; n < 3; n += 1) {
      await settled();
      answer(n);
    }
    expect(statements()).toEqual(['first b', 'second', 'third']);
    expect(await Promise.all(calls)).toEqual(['first', 'b', 'second', 'third']);
  });

  it('that is answered leaves no timer behind, nor does one that failed', async () => {
    const { call, answer, fail, platform } = setUp();
    const first = call('a');
    await settled();
    answer(0);
    await first;
    const second = call('b');
    await settled();
    fail(1, new TierFailure('ambiguous', 'connection-lost'));
    await expect(second).rejects.toThrow();
    await platform.advance(COARSE_TICK_MS);
    expect(platform.pendingTimers).toBe(0);
  });
});

describe('lanes', () => {
  it('that are free share the calls that arrive together', async () => {
    const { call, statements } = setUp({ lanes: 2 });
    for (let n = 0; n < 41; n += 1) void call(`s${n}`);
    await settled();
    expect(statements().map((text) => text.split(' ').length)).toEqual([21, 20]);
  });

  it('that are free are not all used for a few calls', async () => {
    const { call, statements } = setUp({ lanes: 2 });
    for (const name of ['a', 'b', 'c']) void call(name);
    await settled();
    expect(statements()).toEqual(['a b c']);
  });

  it('are never more than there are, and each carries so many rows at most', async () => {
    const { call, statements, answer } = setUp({ lanes: 2, rowsMax: 3 });
    for (let n = 0; n < 10; n += 1) void call(`s${n}`);
    await settled();
    expect(statements()).toHaveLength(2);
    answer(1);
    await settled();
    expect(statements().map((text) => text.split(' ').length)).toEqual([3, 3, 3]);
  });

  it('carry a value that is too large to share, and the others after it', async () => {
    const { call, statements, answer } = setUp();
    const half = SHARED_STATEMENT_BYTES_MAX / 2;
    void call('a', 'a', 2 * SHARED_STATEMENT_BYTES_MAX);
    for (const name of ['b', 'c', 'd']) void call(name, name, half);
    for (let n = 0; n < 3; n += 1) {
      await settled();
      answer(n);
    }
    expect(statements()).toEqual(['a', 'b c', 'd']);
  });

  it('of reads are opened beside a busy one for enough calls only; fewer share the next statement', async () => {
    const { call, statements, answer } = setUp({ thrift: { rows: 4, waitMs: 10 } });
    void call('a');
    await settled();
    for (const name of ['b', 'c', 'd']) void call(name);
    await settled();
    expect(statements()).toEqual(['a']);
    void call('e');
    await settled();
    expect(statements()).toEqual(['a', 'b c d e']);
    for (const name of ['f', 'g']) void call(name);
    await settled();
    answer(0);
    await settled();
    expect(statements()).toEqual(['a', 'b c d e', 'f g']);
  });

  it('of reads are opened for fewer when the statement under way is slow', async () => {
    const { call, statements, platform } = setUp({ thrift: { rows: 4, waitMs: 10 } });
    void call('a');
    await settled();
    void call('b');
    await platform.advance(9);
    expect(statements()).toEqual(['a']);
    await platform.advance(1);
    expect(statements()).toEqual(['a', 'b']);
  });

  it('of reads know how long each of them waits, whatever waited before', async () => {
    const { call, statements, answer, platform } = setUp({ thrift: { rows: 4, waitMs: 10 } });
    void call('a');
    await settled();
    void call('b');
    await platform.advance(5);
    answer(0);
    await settled();
    void call('c');
    await platform.advance(5);
    expect(statements()).toEqual(['a', 'b']);
    await platform.advance(10);
    expect(statements()).toEqual(['a', 'b', 'c']);
  });

  it('serve each kind of call in turn', async () => {
    const lanes = new Lanes(1);
    const reads = setUp({ lanes, rowsMax: 1 });
    const writes = setUp({ lanes, rowsMax: 1 });
    const order: string[] = [];
    const calls = ['r1', 'r2', 'r3'].map((name) => reads.call(name).then(() => order.push(name)));
    calls.push(...['w1', 'w2'].map((name) => writes.call(name).then(() => order.push(name))));
    for (let n = 0; n < 3; n += 1) {
      await settled();
      reads.answer(n);
      await settled();
      writes.answer(n);
    }
    await Promise.all(calls);
    expect(order).toEqual(['r1', 'w1', 'r2', 'w2', 'r3']);
  });

  it('are free again when everybody gave up on a statement that is never answered', async () => {
    const { call, statements, platform } = setUp();
    const silent = call('a');
    await platform.advance(TIMEOUT_MS / 2);
    const next = call('b');
    const outcomes = Promise.allSettled([silent, next]);
    await platform.advance(TIMEOUT_MS / 2 + TICKS_MS);
    expect(statements()).toEqual(['a', 'b']);
    await platform.advance(GIVEN_UP_MS);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('carry half as many calls after a statement that was given up, and one more with each that is answered', async () => {
    const { call, statements, answer, platform } = setUp({ lanes: 1, rowsMax: 8 });
    const silent = Promise.allSettled(Array.from({ length: 8 }, (_, n) => call(`s${n}`)));
    await platform.advance(GIVEN_UP_MS);
    await silent;
    const later = Array.from({ length: 30 }, (_, n) => call(`l${n}`));
    for (let n = 1; n <= 5; n += 1) {
      await settled();
      answer(n);
    }
    await Promise.all(later);
    expect(statements().map((text) => text.split(' ').length)).toEqual([8, 4, 5, 6, 7, 8]);
  });

  it('carry as many as before after one call alone was given up, or some that had waited for long', async () => {
    const { call, statements, answer, platform } = setUp({ lanes: 1, rowsMax: 8 });
    const lone = Promise.allSettled([call('lone')]);
    await platform.advance(0.9 * TIMEOUT_MS);
    const waiting = Promise.allSettled(Array.from({ length: 8 }, (_, n) => call(`w${n}`)));
    await platform.advance(0.1 * TIMEOUT_MS + TICKS_MS);
    await lone;
    answer(1);
    await waiting;
    const later = Array.from({ length: 8 }, (_, n) => call(`l${n}`));
    await settled();
    answer(2);
    await Promise.all(later);
    expect(statements().map((text) => text.split(' ').length)).toEqual([1, 8, 8]);
  });

  it('stay with a statement that is never answered where there is only one connection', async () => {
    const { call, statements, platform } = setUp({ holdsLane: true });
    const silent = call('a');
    await platform.advance(TIMEOUT_MS / 2);
    const outcomes = Promise.allSettled([silent, call('b')]);
    await platform.advance(TIMEOUT_MS * 2);
    expect(statements()).toEqual(['a']);
    expect(await outcomes).toMatchObject([{ reason: { kind: 'ambiguous' } }, { reason: { kind: 'not-sent' } }]);
  });
});

describe('a call whose time is up', () => {
  it('before it was sent fails as not sent, and is in no statement later', async () => {
    const { call, statements, answer, platform } = setUp({ holdsLane: true });
    const silent = Promise.allSettled([call('a')]);
    await platform.advance(50);
    const given = Promise.allSettled([call('b')]);
    await platform.advance(TIMEOUT_MS - 2);
    const young = call('c');
    await platform.advance(2 + TICKS_MS);
    expect(await given).toMatchObject([{ reason: { kind: 'not-sent', reason: 'deadline' } }]);
    answer(0);
    await settled();
    answer(1);
    expect(await young).toBe('c');
    expect(await silent).toMatchObject([{ reason: { kind: 'ambiguous' } }]);
    expect(statements()).toEqual(['a', 'c']);
  });

  it('nearly is refused, and not sent: its answer would come too late', async () => {
    const { call, statements, answer, platform } = setUp();
    const first = call('a');
    await settled();
    const late = call('b');
    await platform.advance(TIMEOUT_MS * (1 - STATEMENT_TIME_SHARE_MIN) + TICKS_MS);
    const inTime = call('c');
    await platform.advance(1);
    answer(0);
    await expect(late).rejects.toMatchObject({ kind: 'not-sent', reason: 'deadline' });
    answer(1);
    expect(await Promise.all([first, inTime])).toEqual(['a', 'c']);
    expect(statements()).toEqual(['a', 'c']);
  });

  it('nearly is not refused while it waits for a lane in a process that was blocked', async () => {
    const { call, answer, platform } = setUp();
    const first = call('a');
    await settled();
    const waiting = call('b');
    platform.block(10 * TIMEOUT_MS);
    await platform.advance(COARSE_TICK_MS);
    answer(0);
    await settled();
    answer(1);
    expect(await Promise.all([first, waiting])).toEqual(['a', 'b']);
  });

  it('after it was sent has an unknown outcome, and the whole statement has one and the same', async () => {
    const { call, platform } = setUp();
    const outcomes = Promise.allSettled([call('a'), call('b')]);
    await platform.advance(GIVEN_UP_MS);
    const [first, second] = (await outcomes) as PromiseRejectedResult[];
    expect(first?.reason).toMatchObject({ kind: 'ambiguous', reason: 'deadline' });
    expect(second?.reason).toBe(first?.reason);
  });

  it('is not that of a process that stood still, whose answer lies there', async () => {
    const { call, answer, platform } = setUp();
    const answered = call('a');
    await settled();
    platform.block(10 * TIMEOUT_MS);
    await platform.advance(COARSE_TICK_MS);
    answer(0);
    expect(await answered).toBe('a');
  });
});

describe('a statement that fails', () => {
  it('as a whole fails for each of its callers, and for no other', async () => {
    const { call, answer, fail } = setUp({ lanes: 2, rowsMax: 2 });
    const calls = Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => call(name)));
    await settled();
    fail(0, new TierFailure('ambiguous', 'connection-lost'));
    answer(1);
    const lost = { status: 'rejected', reason: { kind: 'ambiguous', reason: 'connection-lost' } };
    expect(await calls).toMatchObject([lost, lost, { value: 'c' }, { value: 'd' }]);
  });

  it.each(['too-late', 'unique-violation', 'value-refused'])(
    'with %s because of one row fails for that row only',
    async (reason) => {
      const names = ['a', 'b', 'bad', 'd', 'e'];
      const { call, statements } = setUp({
        send: (requests) => {
          if (requests.includes('bad')) throw new TierFailure('rejected', reason);
        },
      });
      const outcomes = await Promise.allSettled(names.map((name) => call(name)));
      expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(names.map((name) => name === 'bad'));
      expect(outcomes[2]).toMatchObject({ reason: { kind: 'rejected', reason } });
      expect(statements()).toEqual(['a b bad d e', 'a b bad', 'a b', 'bad', 'd e']);
    },
  );

  it('for a transient reason, or one that no row is to blame for, is not taken apart', async () => {
    const { call, statements } = setUp({
      send: () => {
        throw new TierFailure('rejected', 'disk-full');
      },
    });
    const outcomes = await Promise.allSettled(['a', 'b'].map((name) => call(name)));
    expect(outcomes).toMatchObject([{ reason: { reason: 'disk-full' } }, { reason: { reason: 'disk-full' } }]);
    expect(statements()).toEqual(['a b']);
  });

  it('to be written because of one value fails for that value only', async () => {
    const { call } = setUp({ send: (requests) => void requests.map((name) => BigInt(name === 'bad' ? 0.5 : 1)) });
    const outcomes = await Promise.allSettled(['a', 'bad', 'c'].map((name) => call(name)));
    expect(outcomes).toMatchObject([{ value: 'a' }, { reason: expect.any(RangeError) as Error }, { value: 'c' }]);
  });

  it('to be read because of one row fails for that row only', async () => {
    const { call } = setUp({ send: () => {}, unreadable: 'b' });
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => call(name)));
    expect(outcomes).toMatchObject([{ value: 'a' }, { reason: { reason: 'malformed-row' } }, { value: 'c' }]);
  });

  it('to mention a session fails the caller of that session', async () => {
    const { call, answer } = setUp();
    const calls = [call('a'), call('b')];
    await settled();
    answer(0, ['b']);
    expect(await Promise.all(calls)).toEqual(['nothing', 'b']);
  });
});

describe('a statement that the server gave up because it took too long', () => {
  const timeout = new TierFailure('rejected', 'statement-timeout');

  it('is sent again in parts, which do not wait for the one with the row that is locked', async () => {
    const { call, statements, answer, fail } = setUp({ lanes: 2, locksRows: true });
    const calls = ['locked', 'b', 'c'].map((name) => call(name));
    const outcomes = Promise.allSettled(calls);
    await settled();
    fail(0, timeout);
    await settled();
    expect(statements().slice(1)).toEqual(['locked', 'b']);
    answer(2);
    expect(await calls[1]).toBe('b');
    await settled();
    answer(3);
    expect(await calls[2]).toBe('c');
    fail(1, timeout);
    expect(await outcomes).toMatchObject([{ reason: timeout }, { value: 'b' }, { value: 'c' }]);
    expect(statements()).toEqual(['locked b c', 'locked', 'b', 'c']);
  });

  it.each(['lock-timeout', 'statement-timeout'])(
    'is split until one call of many is found that %s concerns',
    async (reason) => {
      const names = Array.from({ length: 256 }, (_, n) => `s${n}`);
      const { call, statements } = setUp({
        locksRows: true,
        send: (requests) => {
          if (requests.includes('s77')) throw new TierFailure('rejected', reason);
        },
      });
      const outcomes = await Promise.allSettled(names.map((name) => call(name)));
      expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(names.map((name) => name === 's77'));
      const waits = statements().filter((text) => text.split(' ').includes('s77'));
      expect(waits.map((text) => text.split(' ').length)).toEqual([256, 16, 1]);
      expect(statements()).toHaveLength(1 + 16 + 16);
    },
  );

  it('has no company for its row afterwards, until that is got', async () => {
    let isLocked = true;
    const { call, statements } = setUp({
      locksRows: true,
      send: (requests) => {
        if (isLocked && requests.includes('locked')) throw timeout;
      },
    });
    const round = () => Promise.allSettled(['a', 'locked', 'b'].map((name) => call(name)));
    await round();
    const before = statements().length;
    await round();
    expect(statements().slice(before)).toEqual(['a b', 'locked']);
    isLocked = false;
    await round();
    await round();
    expect(statements().slice(before + 2)).toEqual(['a b', 'locked', 'a locked b']);
  });

  it('has company again for its row after a while', async () => {
    const { call, statements, platform } = setUp({
      locksRows: true,
      send: (requests) => {
        if (requests.includes('locked')) throw timeout;
      },
    });
    await Promise.allSettled([call('locked')]);
    await platform.advance(SLOW_ROW_MS);
    await Promise.allSettled(['a', 'locked'].map((name) => call(name)));
    expect(statements().slice(1)).toEqual(['a locked', 'a', 'locked']);
  });

  it('changed nothing, which is what a caller hears whose time is up before it is sent again', async () => {
    const { call, statements, fail, platform } = setUp({ locksRows: true });
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((name) => call(name)));
    await platform.advance(TIMEOUT_MS - 1);
    fail(0, timeout);
    await platform.advance(1 + TICKS_MS);
    expect(await outcomes).toMatchObject([{ reason: { kind: 'ambiguous' } }, { reason: timeout }, { reason: timeout }]);
    expect(statements()).toEqual(['a b c', 'a']);
  });

  it('lets its callers share with fewer for a while', async () => {
    const { call, statements, answer, fail } = setUp({ locksRows: true, rowsMax: 8 });
    const first = Promise.allSettled(Array.from({ length: 8 }, (_, n) => call(`s${n}`)));
    await settled();
    fail(0, timeout);
    for (let n = 1; n <= 8; n += 1) {
      await settled();
      fail(n, timeout);
    }
    await first;
    const later = Promise.allSettled(Array.from({ length: 8 }, (_, n) => call(`l${n}`)));
    for (let n = 9; n <= 10; n += 1) {
      await settled();
      answer(n);
    }
    await later;
    expect(
      statements()
        .slice(9)
        .map((text) => text.split(' ').length),
    ).toEqual([4, 4]);
  });

  it('is blamed on no row where none are locked: a read waits for a table', async () => {
    const { call, statements, fail } = setUp();
    const outcomes = Promise.allSettled(['a', 'b'].map((name) => call(name)));
    await settled();
    fail(0, timeout);
    expect(await outcomes).toMatchObject([{ reason: timeout }, { reason: timeout }]);
    expect(statements()).toEqual(['a b']);
  });
});

interface Request {
  readonly session: string;
  readonly name: string;
  readonly bytes: number;
}

interface Circumstances {
  /** Two lanes that are opened like those of reads. */
  readonly thrift?: Omit<LaneThrift, 'platform'>;
  readonly lanes?: Lanes | number;
  readonly rowsMax?: number;
  readonly holdsLane?: boolean;
  readonly locksRows?: boolean;
  /** Answers at once, or throws; without it, answers come from `answer` and `fail`. */
  readonly send?: (names: readonly string[]) => void;
  readonly unreadable?: string;
}

function setUp(circumstances: Circumstances = {}) {
  const { lanes = 1, thrift, rowsMax = 256, holdsLane = false, locksRows = false, send, unreadable } = circumstances;
  const platform = new FakePlatform();
  const sent: Request[][] = [];
  const pending: { answer: (answers: (n: number) => string) => void; fail: (failure: Error) => void }[] = [];
  const answersTo = (requests: readonly Request[], sessions?: readonly string[]) => (n: number) => {
    const { session, name } = requests[n] ?? {};
    if (name === unreadable) throw new TierFailure('ambiguous', 'malformed-row');
    return name && (!sessions || sessions.includes(session ?? '')) ? name : 'nothing';
  };
  const batcher = new Batcher<Request, string>({
    platform,
    timeoutMs: TIMEOUT_MS,
    timeouts: new CoarseTimeouts(platform, TIMEOUT_MS, (call) => call.expire()),
    lanes: thrift ? new Lanes(2, { platform, ...thrift }) : typeof lanes === 'number' ? new Lanes(lanes) : lanes,
    holdsLane,
    locksRows,
    rowsMax,
    storageKeyOf: ({ session }) => Buffer.from(session),
    bytesOf: ({ bytes }) => bytes,
    send: async (requests) => {
      sent.push([...requests]);
      send?.(requests.map(({ name }) => name));
      if (send) return answersTo(requests);
      return new Promise((answer, fail) => pending.push({ answer, fail }));
    },
  });
  return {
    platform,
    call: (session: string, name = session, bytes = 1) => batcher.run({ session, name, bytes }),
    /** The names in each statement. */
    statements: () => sent.map((requests) => requests.map(({ name }) => name).join(' ')),
    answer: (index: number, sessions?: readonly string[]) =>
      pending[index]?.answer(answersTo(sent[index] ?? [], sessions)),
    fail: (index: number, failure: Error) => pending[index]?.fail(failure),
  };
}
