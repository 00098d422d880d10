import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TIER_CHANGE_EVENTS_MAX, TIER_CHANGE_WINDOW_MS } from '../../../../src/limits/process.ts';
import type { TierChange } from '../../../../src/telemetry/channels.ts';
import type { TierState } from '../../../../src/telemetry/health.ts';
import { ChangeAnnouncer } from '../../../../src/tiering/trust/change-announcer.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

const events: TierChange[] = [];
const note = (message: unknown): void => void events.push(message as TierChange);

beforeEach(() => {
  events.length = 0;
  subscribe('holdfast:tier-change', note);
});
afterEach(() => unsubscribe('holdfast:tier-change', note));

function setUp() {
  const platform = new FakePlatform();
  const announcer = new ChangeAnnouncer(platform, 'primary');
  const observe = (state: TierState): void => {
    const reason = state === 'up' ? {} : { reason: 'deadline' };
    announcer.observe({ state, ...reason, since: new Date(platform.now()) });
  };
  return { platform, announcer, observe };
}

describe('ChangeAnnouncer', () => {
  it('announces a change at once, with its reason and its time, and the same state only once', () => {
    const { platform, observe } = setUp();
    observe('up');
    observe('down');
    observe('down');
    const since = new Date(platform.now());
    expect(events).toEqual([{ tier: 'primary', state: 'down', reason: 'deadline', since, changes: 1 }]);
    observe('up');
    expect(events.at(-1)).toEqual({ tier: 'primary', state: 'up', reason: 'recovered', since, changes: 1 });
  });

  it('announces a tier that changes all the time a few times, and then once what became of it', async () => {
    const { platform, observe } = setUp();
    for (let change = 0; change < 51; change += 1) observe(change % 2 === 0 ? 'down' : 'up');
    expect(events).toHaveLength(TIER_CHANGE_EVENTS_MAX);
    await platform.advance(TIER_CHANGE_WINDOW_MS);
    expect(events).toHaveLength(TIER_CHANGE_EVENTS_MAX + 1);
    expect(events.at(-1)).toMatchObject({ state: 'down', changes: 51 - TIER_CHANGE_EVENTS_MAX });
  });

  it('announces another reason for being degraded, and none for being down', () => {
    const { platform, announcer } = setUp();
    const since = new Date(platform.now());
    const reasons = ['slow', 'slow', 'too-slow'];
    for (const reason of reasons) announcer.observe({ state: 'degraded', reason, since });
    expect(events.map(({ reason }) => reason)).toEqual(['slow', 'too-slow']);
    for (const reason of ['ECONNREFUSED', 'silent']) announcer.observe({ state: 'down', reason, since });
    expect(events.map(({ reason }) => reason)).toEqual(['slow', 'too-slow', 'ECONNREFUSED']);
  });

  it('says nothing later of a tier that is again what it was last said to be', async () => {
    const { platform, observe } = setUp();
    for (let change = 0; change < 50; change += 1) observe(change % 2 === 0 ? 'down' : 'up');
    await platform.advance(2 * TIER_CHANGE_WINDOW_MS);
    expect(events).toHaveLength(TIER_CHANGE_EVENTS_MAX);
  });

  it('leaves no timer behind when it is stopped', () => {
    const { platform, announcer, observe } = setUp();
    for (let change = 0; change < 51; change += 1) observe(change % 2 === 0 ? 'down' : 'up');
    announcer.stop();
    expect(platform.pendingTimers).toBe(0);
  });
});
