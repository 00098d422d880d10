import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../../src/errors.ts';
import { SLOW_ROW_MS, STATEMENT_TIME_SHARE_MIN } from '../../../../../src/limits/durable-tier.ts';
import { COARSE_TICK_MS } from '../../../../../src/limits/process.ts';
import { settled } from '../../../../support/fake-platform.ts';
import { TIMEOUT_MS, TICKS_MS, GIVEN_UP_MS, setUp } from '../../../../support/batching.ts';

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

  it('does not count while the process is blocked: the answer is read first', async () => {
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

  it('changed nothing, which is the failure of a call whose time is up before it is sent again', async () => {
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
