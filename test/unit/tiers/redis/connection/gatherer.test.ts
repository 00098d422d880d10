import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../../src/errors.ts';
import { Gatherer, type Batch, type GathererOptions } from '../../../../../src/tiers/redis/connection/gatherer.ts';

function gatherer(options: Partial<GathererOptions<string, number>> = {}) {
  const sent: Batch<string, number>[] = [];
  const gathered: (() => void)[] = [];
  const instance = new Gatherer<string, number>({
    whenGathered: (callback) => gathered.push(callback),
    requestsMax: 3,
    send: (batch) => sent.push(batch),
    ...options,
  });
  const endOfTurn = (): void => gathered.splice(0).forEach((callback) => callback());
  return { instance, sent, endOfTurn, requests: () => sent.map(({ requests }) => requests.join('')) };
}

describe('what shares a command', () => {
  it('is what was asked before the end of the turn', () => {
    const { instance, endOfTurn, requests } = gatherer();
    for (const request of ['a', 'b']) void instance.call(request);
    expect(requests()).toEqual([]);
    endOfTurn();
    expect(requests()).toEqual(['ab']);
    void instance.call('c');
    endOfTurn();
    expect(requests()).toEqual(['ab', 'c']);
  });

  it('is so many calls, and what is full leaves before the end of the turn', () => {
    const { instance, endOfTurn, requests } = gatherer();
    for (const request of 'abcdefg') void instance.call(request);
    expect(requests()).toEqual(['abc', 'def']);
    endOfTurn();
    expect(requests()).toEqual(['abc', 'def', 'g']);
  });

  it('is so many bytes, and one call however large', () => {
    const { instance, endOfTurn, requests } = gatherer({ bytesMax: 4, bytesOf: ({ length }) => length });
    for (const request of ['aa', 'bb', 'c', 'dddddd', 'e']) void instance.call(request);
    endOfTurn();
    expect(requests()).toEqual(['aabb', 'c', 'dddddd', 'e']);
  });

  it('is alike, and goes in the order of the calls', () => {
    const areAlike = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
    const { instance, endOfTurn, requests } = gatherer({ areAlike });
    for (const request of ['a', 'A', 'b', 'a', 'a']) void instance.call(request);
    endOfTurn();
    expect(requests()).toEqual(['aA', 'b', 'aa']);
  });

  it('begins with its first call', () => {
    const begun: Batch<string, number>[] = [];
    const { instance, endOfTurn, sent } = gatherer({ onBegin: (batch) => begun.push(batch) });
    for (const request of 'abcd') void instance.call(request);
    expect(begun).toHaveLength(2);
    endOfTurn();
    expect(begun).toEqual(sent);
  });
});

describe('each caller', () => {
  const failure = new TierFailure('rejected', 'OOM');

  it('has its own outcome', async () => {
    const { instance, endOfTurn, sent } = gatherer();
    const calls = [...'abc'].map((request) => instance.call(request));
    endOfTurn();
    expect(sent[0]?.isSettled).toBe(false);
    sent[0]?.settle([1, failure, 3]);
    expect(sent[0]?.isSettled).toBe(true);
    expect(await Promise.allSettled(calls)).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: 3 },
    ]);
  });

  it('has its part in the failure of the command, and what comes later changes nothing', async () => {
    const { instance, endOfTurn, sent } = gatherer();
    const calls = [...'ab'].map((request) => instance.call(request));
    endOfTurn();
    sent[0]?.reject(failure);
    sent[0]?.settle([1, 2]);
    expect(sent[0]?.isSettled).toBe(true);
    for (const call of calls) await expect(call).rejects.toBe(failure);
  });

  it('gets no other call’s outcome from an answer that has too many or too few', async () => {
    const { instance, endOfTurn, sent } = gatherer();
    const calls = [...'ab'].map((request) => instance.call(request));
    endOfTurn();
    sent[0]?.settle([1]);
    for (const call of calls) await expect(call).rejects.toMatchObject({ kind: 'ambiguous', reason: 'reply' });
  });
});
