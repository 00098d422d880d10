import { describe, expect, it } from 'vitest';
import { Bulkhead, type BulkheadOptions, type CallKind } from '../../../../src/tiering/guard/bulkhead.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

const WAIT_MS = 100;

describe('Bulkhead', () => {
  it('lets in as many as it has room for, the others in the order in which they came', async () => {
    const { bulkhead, enter, entered } = setUp({ callsMax: 2, readsMax: 2 });
    expect([bulkhead.enter('write'), bulkhead.enter('read')]).toEqual([true, true]);
    const waiting = [enter('read', 'third'), enter('write', 'fourth'), enter('read', 'fifth')];
    for (const [n, kind] of (['write', 'read', 'read'] as const).entries()) {
      bulkhead.leave(kind);
      await waiting[n];
      expect(entered).toEqual(['third', 'fourth', 'fifth'].slice(0, n + 1));
    }
  });

  it('keeps room for writes: reads wait for other reads to leave', async () => {
    const { bulkhead, enter, entered } = setUp({ callsMax: 3, readsMax: 1 });
    expect(bulkhead.enter('read')).toBe(true);
    const read = enter('read', 'read');
    expect([bulkhead.enter('write'), bulkhead.enter('write')]).toEqual([true, true]);
    const write = enter('write', 'write');
    bulkhead.leave('write');
    await write;
    expect(entered).toEqual(['write']);
    bulkhead.leave('read');
    await read;
    expect(entered).toEqual(['write', 'read']);
  });

  it('never has more in flight than it has room for', async () => {
    const { bulkhead, enter, entered } = setUp({ callsMax: 2, readsMax: 1 });
    expect([bulkhead.enter('read'), bulkhead.enter('write')]).toEqual([true, true]);
    const waiting = [enter('read', 'r1'), enter('write', 'w1'), enter('read', 'r2')];
    bulkhead.leave('write');
    await waiting[1];
    bulkhead.leave('read');
    await waiting[0];
    expect(entered).toEqual(['w1', 'r1']);
    expect(bulkhead.hasQueue).toBe(true);
    bulkhead.leave('read');
    await waiting[2];
    expect(bulkhead.hasQueue).toBe(false);
    expect(bulkhead.enter('write')).toBeInstanceOf(Promise);
  });

  it('turns away a call that has waited long enough, and keeps no place for it', async () => {
    const { bulkhead, platform } = setUp({ callsMax: 1, readsMax: 1 });
    void bulkhead.enter('read');
    const late = bulkhead.enter('read');
    await platform.advance(WAIT_MS + 1);
    expect(await late).toBe(false);
    bulkhead.leave('read');
    expect(bulkhead.enter('read')).toBe(true);
  });

  it.each(['read', 'write'] as const)('turns away at once when too many of its kind wait already: a %s', (kind) => {
    const { bulkhead } = setUp({ callsMax: 1, readsMax: 1, waitingMax: 1 });
    void bulkhead.enter(kind);
    void bulkhead.enter(kind);
    expect(bulkhead.enter(kind)).toBe(false);
    expect(bulkhead.enter(kind === 'read' ? 'write' : 'read')).not.toBe(false);
  });
});

function setUp(options: Partial<BulkheadOptions>) {
  const platform = new FakePlatform();
  const bulkhead = new Bulkhead({ platform, callsMax: 1, readsMax: 1, waitingMax: 10, waitMs: WAIT_MS, ...options });
  const entered: string[] = [];
  const enter = (kind: CallKind, name: string) => Promise.resolve(bulkhead.enter(kind)).then(() => entered.push(name));
  return { platform, bulkhead, entered, enter };
}
