import { describe, expect, it } from 'vitest';
import { LifetimePolicy } from '../../../src/http/policy.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser } from '../../support/browser.ts';
import { memoryClient } from '../../support/memory-client.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const long = { idle: 40 * DAY_MS, absolute: 80 * DAY_MS };
const short = { idle: 10 * MINUTE_MS, absolute: 2 * HOUR_MS };

describe('LifetimePolicy', () => {
  it.each([
    [undefined, long, 15 * MINUTE_MS],
    ['aal1', { idle: 30 * DAY_MS, absolute: 30 * DAY_MS }, 15 * MINUTE_MS],
    ['aal2', { idle: HOUR_MS, absolute: DAY_MS }, 15 * MINUTE_MS],
    ['aal3', { idle: 15 * MINUTE_MS, absolute: 12 * HOUR_MS }, 5 * MINUTE_MS],
  ] as const)('of %s caps what the client gives, and sets how old a login may be', (level, capped, freshMs) => {
    const policy = new LifetimePolicy(level, long);
    expect(policy.forNew(undefined)).toEqual(capped);
    expect(policy.freshMs).toBe(freshMs);
    expect(new LifetimePolicy(level, short).forNew(undefined)).toEqual(short);
  });

  it('takes a lifetime that it allows, whole or in part', () => {
    const policy = new LifetimePolicy('aal2', long);
    expect(policy.forNew({ idle: '5m', absolute: '10m' })).toEqual({ idle: 5 * MINUTE_MS, absolute: 10 * MINUTE_MS });
    expect(policy.forNew({ absolute: '10m' })).toEqual({ idle: 10 * MINUTE_MS, absolute: 10 * MINUTE_MS });
    expect(policy.forNew({ idle: '5m' })).toEqual({ idle: 5 * MINUTE_MS, absolute: DAY_MS });
    expect(policy.forChange({ idle: '5m' })).toEqual({ idle: 5 * MINUTE_MS });
  });

  it('refuses one that is longer than it allows', () => {
    const policy = new LifetimePolicy('aal2', long);
    expect(() => policy.forNew({ absolute: '25h' })).toThrow(
      'lifetime.absolute (25h) must not be longer than the policy',
    );
    expect(() => policy.forChange({ idle: '2h' })).toThrow('lifetime.idle (2h) must not be longer than the policy');
    expect(() => policy.forChange({ ttl: 1 } as never)).toThrow("unknown option 'ttl'");
  });

  it('counts from the login where a session that lives is given another lifetime', () => {
    const now = 100 * DAY_MS;
    const policy = new LifetimePolicy('aal2', long);
    const since = (agoMs: number) => ({ authenticatedAt: new Date(now - agoMs), createdAt: new Date(0) });
    expect(policy.sinceLogin({ absolute: DAY_MS }, since(0), now)).toEqual({ absolute: DAY_MS });
    expect(policy.sinceLogin({ absolute: DAY_MS }, since(20 * HOUR_MS), now)).toEqual({ absolute: 4 * HOUR_MS });
    expect(policy.sinceLogin({ absolute: HOUR_MS }, since(20 * HOUR_MS), now)).toEqual({ absolute: HOUR_MS });
    const idle = 30 * MINUTE_MS;
    expect(policy.sinceLogin({ idle, absolute: DAY_MS }, since(DAY_MS - 60_000), now)).toEqual({
      idle: 60_000,
      absolute: 60_000,
    });
    expect(policy.sinceLogin({ absolute: DAY_MS }, since(DAY_MS), now)).toEqual({});
    expect(policy.sinceLogin({ idle }, since(DAY_MS), now)).toEqual({ idle });
    const anonymous = { authenticatedAt: undefined, createdAt: new Date(now - 20 * HOUR_MS) };
    expect(policy.sinceLogin({ absolute: DAY_MS }, anonymous, now)).toEqual({ absolute: 4 * HOUR_MS });
    const free = new LifetimePolicy(undefined, long);
    expect(free.sinceLogin({ absolute: 300 * DAY_MS }, since(200 * DAY_MS), now)).toEqual({ absolute: 300 * DAY_MS });
  });
});

describe('a session under a policy', () => {
  it('ends a day after the login, whatever its requests ask for, and lives on after another login', async () => {
    const { sessions, platform } = await memoryClient<{ cart: string[] }>({
      lifetime: { idle: '20h', absolute: '48h' },
    });
    const browser = new Browser(new HttpSessions(sessions, { initial: () => ({ cart: [] }), policy: 'aal2' }));
    const post = { method: 'POST' };
    const login = () => browser.send((visit) => visit.login('ada'), post);
    const prolong = () =>
      browser.send((visit) => visit.update(() => undefined, { lifetime: { absolute: '24h' } }), post);
    const first = await login();
    const begun = +first.createdAt;
    expect(+first.absoluteExpiresAt - begun).toBe(DAY_MS);
    for (let half = 1; half < 48; half += 1) {
      // The machine sleeps for most of the time, or a day of polls would take seconds.
      platform.block(29 * MINUTE_MS);
      await platform.advance(MINUTE_MS);
      expect(+(await prolong()).absoluteExpiresAt - begun).toBe(DAY_MS);
    }
    const again = await login();
    expect(+again.absoluteExpiresAt - +again.authenticatedAt!).toBe(DAY_MS);
    await platform.advance(HOUR_MS - 1);
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
    await platform.advance(HOUR_MS + 1);
    expect(await browser.send((visit) => visit.get())).toBeNull();
  });
});
