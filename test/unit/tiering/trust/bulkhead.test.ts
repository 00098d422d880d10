import { describe, expect, it } from 'vitest';
import { Bulkhead } from '../../../../src/tiering/trust/bulkhead.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

describe('Bulkhead', () => {
  it('lets in as many as it has room for, the others in the order in which they came', async () => {
    const bulkhead = new Bulkhead(new FakePlatform(), 2, 10);
    expect([bulkhead.enter(100), bulkhead.enter(100)]).toEqual([true, true]);
    const entered: string[] = [];
    const third = Promise.resolve(bulkhead.enter(100)).then(() => entered.push('third'));
    const fourth = Promise.resolve(bulkhead.enter(100)).then(() => entered.push('fourth'));
    bulkhead.leave();
    await third;
    expect(entered).toEqual(['third']);
    bulkhead.leave();
    await fourth;
    expect(entered).toEqual(['third', 'fourth']);
  });

  it('turns away who has waited long enough, and keeps no place for them', async () => {
    const platform = new FakePlatform();
    const bulkhead = new Bulkhead(platform, 1, 10);
    void bulkhead.enter(100);
    const late = bulkhead.enter(100);
    await platform.advance(101);
    expect(await late).toBe(false);
    bulkhead.leave();
    expect(bulkhead.enter(100)).toBe(true);
  });

  it('turns away at once when too many wait already', () => {
    const bulkhead = new Bulkhead(new FakePlatform(), 1, 1);
    void bulkhead.enter(100);
    void bulkhead.enter(100);
    expect(bulkhead.enter(100)).toBe(false);
  });
});
