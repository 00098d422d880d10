import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../../src/errors.ts';
import { SHARED_STATEMENT_BYTES_MAX } from '../../../../../src/limits/durable-tier.ts';
import { COARSE_TICK_MS } from '../../../../../src/limits/process.ts';
import { Lanes } from '../../../../../src/tiers/prisma/batch/lanes.ts';
import { settled } from '../../../../support/fake-platform.ts';
import { TIMEOUT_MS, TICKS_MS, GIVEN_UP_MS, setUp } from '../../../../support/batching.ts';

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

  it('that are free are not all used for fewer calls than a statement should have', async () => {
    const { call, statements } = setUp({ lanes: 2, rowsMin: 3 });
    for (const name of ['a', 'b', 'c', 'd']) void call(name);
    await settled();
    expect(statements()).toEqual(['a b c', 'd']);
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
