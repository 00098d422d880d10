import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { memoryClient } from '../../support/memory-client.ts';

const { sessions } = await memoryClient<{ cart: string[] }>({ lifetime: { idle: '2h', absolute: '48h' } });
const initial = () => ({ cart: [] });
const made = (options: object) => new HttpSessions(sessions, { initial, ...options });
afterEach(() => void vi.unstubAllEnvs());

describe('the options of HTTP sessions', () => {
  it('are safe by default', () => {
    const { options } = made({});
    expect(options.cookie).toEqual({
      name: '__Host-sid',
      sameSite: 'lax',
      secure: true,
      partitioned: false,
      persist: false,
    });
    expect(options).toMatchObject({ retryAfterSeconds: 2, maxSessionsPerUser: undefined });
  });

  it.each<[string, unknown]>([
    ['http options', null],
    ['http options', []],
    ["http options: unknown option 'ttl'", { initial, ttl: 1 }],
    ['initial', {}],
    ['initial', { initial: {} }],
    ['cookie', { initial, cookie: 'sid' }],
    ["cookie: unknown option 'domain'", { initial, cookie: { domain: 'example.org' } }],
    ["cookie: unknown option 'path'", { initial, cookie: { path: '/app' } }],
    ['cookie.name', { initial, cookie: { name: 'sid' } }],
    ['cookie.name', { initial, cookie: { name: '__Secure-sid' } }],
    ['cookie.name', { initial, cookie: { name: '__Host-' } }],
    ['cookie.name', { initial, cookie: { name: '__host-sid' } }],
    ['cookie.name', { initial, cookie: { name: '__Host-a;b' } }],
    ['cookie.name', { initial, cookie: { name: '__Host-ü' } }],
    ['cookie.name', { initial, cookie: { name: `__Host-${'x'.repeat(60)}` } }],
    ['cookie.name', { initial, cookie: { name: 7 } }],
    ['cookie.name', { initial, cookie: { name: '__Host-sid', insecure: true } }],
    ['cookie.name', { initial, cookie: { name: '__Secure-sid', insecure: true } }],
    ['cookie.sameSite', { initial, cookie: { sameSite: 'Lax' } }],
    ['cookie.sameSite', { initial, cookie: { sameSite: false } }],
    ['cookie.persist', { initial, cookie: { persist: '7d' } }],
    ['cookie.partitioned', { initial, cookie: { partitioned: 1 } }],
    ['cookie.insecure', { initial, cookie: { insecure: 'yes' } }],
    ['cookie.insecure', { initial, cookie: { insecure: true, sameSite: 'none' } }],
    ['cookie.insecure', { initial, cookie: { insecure: true, partitioned: true } }],
    ['policy', { initial, policy: 'aal4' }],
    ['policy', { initial, policy: 'toString' }],
    ['policy', { initial, policy: 2 }],
    ['maxSessionsPerUser', { initial, maxSessionsPerUser: 0 }],
    ['maxSessionsPerUser', { initial, maxSessionsPerUser: 1.5 }],
    ['maxSessionsPerUser', { initial, maxSessionsPerUser: 1_001 }],
    ['retryAfter', { initial, retryAfter: '0s' }],
    ['retryAfter', { initial, retryAfter: '2h' }],
    ['retryAfter', { initial, retryAfter: 'soon' }],
  ])('are refused by name: %s (%#)', (name, options) => {
    const make = () => new HttpSessions(sessions, options as never);
    expect(make).toThrow(expect.objectContaining({ code: 'HOLDFAST_CONFIGURATION' }));
    expect(make).toThrow(name);
  });

  it('refuse a value that is no client', () => {
    const { get, update, regenerate, health } = sessions;
    for (const client of [undefined, {}, { get, update, regenerate, health }, Promise.resolve(sessions)]) {
      expect(() => new HttpSessions(client as never, { initial })).toThrow('sessions: expected a SessionClient');
    }
  });

  it('allow what browsers accept', () => {
    expect(made({ cookie: { name: '__Host-Http-shop' } }).cookie.name).toBe('__Host-Http-shop');
    expect(made({ cookie: { insecure: true } }).options.cookie).toMatchObject({ name: 'sid', secure: false });
    expect(made({ cookie: { sameSite: 'none', partitioned: true } }).options.cookie.partitioned).toBe(true);
    expect(made({ maxSessionsPerUser: 1_000, retryAfter: '1500ms' }).options.retryAfterSeconds).toBe(2);
  });

  it('refuse an insecure cookie in production', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => made({ cookie: { insecure: true } })).toThrow('cookie.insecure');
    expect(made({}).options.cookie.secure).toBe(true);
  });

  it('are read from the object itself, not from its prototype', () => {
    const polluted = Object.assign(Object.create({ maxSessionsPerUser: 1 }) as object, { initial });
    expect(new HttpSessions(sessions, polluted as never).options.maxSessionsPerUser).toBeUndefined();
  });
});
