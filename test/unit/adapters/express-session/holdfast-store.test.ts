import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HoldfastStore, type HoldfastStoreOptions } from '../../../../src/adapters/express-session/index.ts';
import { type SessionClientOptions } from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import type { StoreOutcome } from '../../../../src/telemetry/channels.ts';
import { memoryDurableTier } from '../../../../src/tiers/memory/index.ts';
import { interceptDurable } from '../../../support/intercepted-tiers.ts';
import { memoryClient } from '../../../support/memory-client.ts';
import { aSession, callsOf } from '../../../support/store-calls.ts';

const SID = 'p3jD8Zkq0s6mY1cN';
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function aStore(options: HoldfastStoreOptions<never> = {}, client: Partial<SessionClientOptions<unknown>> = {}) {
  const { sessions, platform, database, another } = await memoryClient(client);
  const store = new HoldfastStore<never>(sessions, options);
  return { ...callsOf(store), store, sessions, platform, database, another };
}

/** Writes that lose a race pause before they try again: on real time they need nobody to move a clock. */
const REAL_TIME = { platform: systemPlatform };

function outcomes(): StoreOutcome[] {
  const received: StoreOutcome[] = [];
  const onMessage = (message: unknown): void => void received.push(message as StoreOutcome);
  subscribe('holdfast:store', onMessage);
  onTestFinished(() => void unsubscribe('holdfast:store', onMessage));
  return received;
}

describe('HoldfastStore', () => {
  it('returns what was stored, in objects of its own each time', async () => {
    const { get, set } = await aStore();
    await set(SID, aSession({ cart: ['tea'], since: new Date(0) }));
    const first = await get(SID);
    expect(first).toMatchObject({ cart: ['tea'], since: '1970-01-01T00:00:00.000Z', cookie: { path: '/' } });
    (first!['cart'] as string[]).push('milk');
    expect(await get(SID)).toMatchObject({ cart: ['tea'] });
  });

  it('has no session under an id that was never stored, or that no session can have', async () => {
    const { get, destroy } = await aStore();
    expect(await get(SID)).toBeNull();
    expect(await get('')).toBeNull();
    expect(await get('\uD800')).toBeNull();
    await destroy('');
  });

  it('takes any text for an id, and stores nothing that shows it', async () => {
    const { get, set, database } = await aStore();
    await set('user 7 / ü', aSession({ a: 1 }));
    expect(await get('user 7 / ü')).toMatchObject({ a: 1 });
    expect(JSON.stringify([...database])).not.toContain('user 7');
  });

  describe('when requests overlap', () => {
    it('keeps the changes of each, whichever is stored last', async () => {
      const { get, set } = await aStore({}, REAL_TIME);
      await set(SID, aSession({ cart: ['tea'], theme: 'dark', old: true }));
      const one = await get(SID);
      const two = await get(SID);
      one!['cart'] = ['tea', 'milk'];
      two!['theme'] = 'light';
      delete two!['old'];
      two!['seen'] = 1;
      await set(SID, one!);
      await set(SID, two!);
      const stored = await get(SID);
      expect(stored).toMatchObject({ cart: ['tea', 'milk'], theme: 'light', seen: 1 });
      expect(stored).not.toHaveProperty('old');
    });

    it('lets the last one win where both changed the same name', async () => {
      const { get, set } = await aStore({}, REAL_TIME);
      await set(SID, aSession({ count: 1 }));
      const [one, two] = [await get(SID), await get(SID)];
      one!['count'] = 2;
      two!['count'] = 3;
      await set(SID, one!);
      await set(SID, two!);
      expect(await get(SID)).toMatchObject({ count: 3 });
    });

    it('does not remove names that a request never saw, when it stores a second time', async () => {
      const { get, set } = await aStore({}, REAL_TIME);
      await set(SID, aSession({ a: 1 }));
      const [one, two] = [await get(SID), await get(SID)];
      two!['b'] = 1;
      await set(SID, two!);
      one!['c'] = 1;
      await set(SID, one!);
      one!['d'] = 1;
      await set(SID, one!);
      expect(await get(SID)).toMatchObject({ a: 1, b: 1, c: 1, d: 1 });
    });

    it('never stores a session again that has ended meanwhile, and says so on a channel', async () => {
      const { get, set, destroy, touch } = await aStore({}, REAL_TIME);
      const received = outcomes();
      await set(SID, aSession({ a: 1 }));
      const slow = await get(SID);
      await destroy(SID);
      slow!['a'] = 2;
      await set(SID, slow!);
      await touch(SID, slow!);
      expect(await get(SID)).toBeNull();
      expect(received).toEqual([{ call: 'set', code: 'HOLDFAST_SESSION_NOT_FOUND', handle: expect.any(String) }]);
    });

    it('does not store a new session under the id of one that has ended', async () => {
      const { get, set, destroy } = await aStore({}, REAL_TIME);
      const received = outcomes();
      await set(SID, aSession({ a: 1 }));
      await destroy(SID);
      await set(SID, aSession({ a: 2 }));
      expect(await get(SID)).toBeNull();
      expect(received).toEqual([{ call: 'set', code: 'HOLDFAST_SESSION_ENDED', handle: null }]);
    });
  });

  it.each<[how: string, end: (store: HoldfastStore<never>, session: object) => Promise<unknown>]>([
    ['destroy', (store) => callsOf(store).destroy(SID)],
    ['regenerate', (store, session) => callsOf(store).regenerate({ sessionID: SID, session })],
  ])('ends a new session whose first writes nobody awaited, at %s', async (_how, end) => {
    const { set, store, length } = await aStore();
    store.generate = () => undefined;
    const session = aSession({ n: 1 });
    const writes = [set(SID, session), set(SID, aSession({ n: 2 }))];
    session['n'] = 3;
    writes.push(set(SID, session));
    await end(store, session);
    await Promise.all(writes);
    expect(await length()).toBe(0);
  });

  it('stores the writes of one session object in their order, though they are not awaited', async () => {
    const { get, set, sessions } = await aStore();
    const session = aSession({ n: 0 });
    const writes = [1, 2, 3].map((n) => {
      session['n'] = n;
      return set(SID, session);
    });
    session['n'] = 99;
    await Promise.all(writes);
    expect(await get(SID)).toMatchObject({ n: 3 });
    expect((await sessions.get(sessions.idFor(SID)))?.revision).toBe(3);
  });

  it('stores a name that was changed and changed back, though the first write was not awaited', async () => {
    const { get, set } = await aStore();
    await set(SID, aSession({ n: 0 }));
    const session = await get(SID);
    session!['n'] = 1;
    const first = set(SID, session!);
    session!['n'] = 0;
    await Promise.all([first, set(SID, session!)]);
    expect(await get(SID)).toMatchObject({ n: 0 });
  });

  it('replaces the whole session for a caller that never read it', async () => {
    const { get, set } = await aStore();
    await set(SID, aSession({ a: 1, b: 1 }));
    await set(SID, aSession({ a: 2 }));
    const stored = await get(SID);
    expect(stored).toMatchObject({ a: 2 });
    expect(stored).not.toHaveProperty('b');
  });

  it('writes nothing where nothing was changed', async () => {
    const { get, set, sessions } = await aStore();
    await set(SID, aSession({ a: { b: 1 } }));
    const session = await get(SID);
    session!['a'] = { b: 1 };
    await set(SID, session!);
    expect((await sessions.get(sessions.idFor(SID)))?.revision).toBe(1);
  });

  it('answers an error for data that JSON cannot hold, and names nothing of it', async () => {
    const { set } = await aStore();
    const cycle: Record<string, unknown> = { secretName: 1 };
    cycle['self'] = cycle;
    const error: unknown = await set(SID, aSession({ cycle })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'HOLDFAST_PAYLOAD' });
    expect(String(error)).not.toContain('self');
  });

  describe('the life of a session', () => {
    it.each([400, 900])('ends %i ms after its last use where maxAge says so, to the millisecond', async (maxAge) => {
      const { get, set, touch, platform } = await aStore();
      await set(SID, aSession({}, maxAge));
      await platform.advance(maxAge - 1);
      const session = await get(SID);
      await touch(SID, session!);
      await platform.advance(maxAge - 1);
      expect(await get(SID)).not.toBeNull();
      await platform.advance(1);
      expect(await get(SID)).toBeNull();
    });

    it.each([
      [50, 1],
      [400, 30],
      [MINUTE, 60],
    ])('of %i ms counts from each use, also after %i ms', async (maxAge, pause) => {
      const { get, set, touch, platform } = await aStore();
      await set(SID, aSession({}, maxAge));
      await platform.advance(pause);
      const session = await get(SID);
      await touch(SID, session!);
      const expires = new Date(platform.now() + maxAge);
      expect((await get(SID))?.cookie.expires).toEqual(expires);
      await platform.advance(maxAge - 1);
      expect(await get(SID)).not.toBeNull();
      await platform.advance(1);
      expect(await get(SID)).toBeNull();
    });

    it('slides with each use, and seals nothing for that', async () => {
      const { get, set, touch, platform, sessions } = await aStore();
      await set(SID, aSession({}, 10 * MINUTE));
      for (let use = 0; use < 4; use += 1) {
        await platform.advance(9 * MINUTE);
        const session = await get(SID);
        await touch(SID, session!);
        await platform.advance(2 * SECOND);
      }
      expect((await sessions.get(sessions.idFor(SID), { touch: false }))?.revision).toBe(1);
      await platform.advance(10 * MINUTE);
      expect(await get(SID)).toBeNull();
    });

    it('says when it ends as of its last use', async () => {
      const { get, set, platform } = await aStore();
      await set(SID, aSession({}, 10 * MINUTE));
      const storedAt = platform.now();
      await platform.advance(MINUTE);
      expect((await get(SID))?.cookie).toMatchObject({
        expires: new Date(storedAt + 10 * MINUTE),
        originalMaxAge: 10 * MINUTE,
      });
    });

    it("is the client's without maxAge", async () => {
      const { get, set, platform } = await aStore({}, { lifetime: { idle: '5m', absolute: '1h' } });
      await set(SID, aSession());
      await platform.advance(5 * MINUTE);
      expect((await get(SID))?.cookie.expires).toBeNull();
      await platform.advance(1);
      expect(await get(SID)).toBeNull();
    });

    it("is as long as maxAge where that is longer than the client's, and lasts in use until maxLifetime", async () => {
      const { set, sessions, platform } = await aStore({}, { maxLifetime: '30d' });
      await set(SID, aSession({}, 14 * 24 * HOUR));
      const session = await sessions.get(sessions.idFor(SID));
      expect(session?.idleExpiresAt.getTime()).toBe(platform.now() + 14 * 24 * HOUR);
      expect(session?.absoluteExpiresAt.getTime()).toBe(platform.now() + 30 * 24 * HOUR);
    });

    it('is capped by maxLifetime, and a warning says so once', async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on('warning', onWarning);
      onTestFinished(() => void process.off('warning', onWarning));
      const { set, sessions, platform } = await aStore();
      await set(SID, aSession({}, 14 * 24 * HOUR));
      await set('another', aSession({}, 14 * 24 * HOUR));
      const session = await sessions.get(sessions.idFor(SID));
      expect(session?.idleExpiresAt.getTime()).toBe(platform.now() + 12 * HOUR);
      expect(warnings).toMatchObject([{ code: 'HOLDFAST_MAX_AGE' }]);
      expect(warnings[0]?.message).toContain('14d');
    });

    it('becomes another one when a touch brings another cookie, which stores no data', async () => {
      const { get, set, touch, sessions, platform } = await aStore();
      await set(SID, aSession({ a: 1 }, 10 * MINUTE));
      const session = await get(SID);
      session!['a'] = 2;
      session!.cookie.originalMaxAge = 20 * MINUTE;
      session!.cookie['sameSite'] = 'strict';
      await touch(SID, session!);
      expect(await get(SID)).toMatchObject({ a: 1, cookie: { originalMaxAge: 20 * MINUTE, sameSite: 'strict' } });
      expect((await sessions.get(sessions.idFor(SID)))?.idleExpiresAt.getTime()).toBe(platform.now() + 20 * MINUTE);
    });

    it('does not take a maxAge that was computed from a date for another one', async () => {
      const { get, set, touch, sessions } = await aStore();
      await set(SID, aSession({}, 10 * MINUTE));
      const session = await get(SID);
      session!.cookie.originalMaxAge = 10 * MINUTE - 7;
      await touch(SID, session!);
      expect((await sessions.get(sessions.idFor(SID)))?.revision).toBe(1);
    });

    it('ends at once where the cookie has expired', async () => {
      const { get, set, length } = await aStore();
      await set(SID, aSession({ a: 1 }));
      const session = await get(SID);
      session!.cookie.originalMaxAge = -1;
      await set(SID, session!);
      await set('never', aSession({}, 0));
      expect(await get(SID)).toBeNull();
      expect(await length()).toBe(0);
    });

    it.each([
      ['as @fastify/session stores it', (at: number) => ({ originalMaxAge: null, expires: new Date(at) })],
      ['in milliseconds', (at: number) => ({ expires: at })],
    ])('ends at the date of a cookie that has no maxAge, %s', async (_how, cookie) => {
      const { get, set, touch, platform } = await aStore();
      const expires = new Date(platform.now() + 10 * SECOND);
      await set(SID, { cookie: cookie(expires.getTime()) });
      await platform.advance(9 * SECOND);
      const session = await get(SID);
      expect(session?.cookie.expires).toEqual(expires);
      await touch(SID, session!);
      await platform.advance(SECOND);
      expect(await get(SID)).toBeNull();
    });

    it('is published on a channel where a touch fails, and is no error', async () => {
      const { tier, hook } = interceptDurable(memoryDurableTier());
      const { get, set, touch } = await aStore({}, { durable: tier, ...REAL_TIME });
      const received = outcomes();
      await set(SID, aSession({}, 10 * MINUTE));
      const session = await get(SID);
      session!.cookie['sameSite'] = 'strict';
      hook.before = () => {
        throw new TierFailure('not-sent', 'ECONNREFUSED');
      };
      await touch(SID, session!);
      expect(received).toEqual([{ call: 'touch', code: 'HOLDFAST_TIER_UNAVAILABLE', handle: expect.any(String) }]);
    });

    it('is touched by a script that has nothing but its id', async () => {
      const { get, set, touch, platform } = await aStore();
      await set(SID, aSession({ a: 1 }, 10 * MINUTE));
      await platform.advance(9 * MINUTE);
      await touch(SID, {});
      await platform.advance(9 * MINUTE);
      expect(await get(SID)).toMatchObject({ a: 1, cookie: { originalMaxAge: 10 * MINUTE } });
    });

    it('is never begun by a touch', async () => {
      const { get, touch } = await aStore();
      await touch(SID, aSession({ a: 1 }, 10));
      expect(await get(SID)).toBeNull();
    });
  });

  describe('the optional methods', () => {
    it('list, count and end the sessions that live', async () => {
      const { all, length, clear, set, destroy, platform } = await aStore();
      await set('one', aSession({ n: 1 }));
      await set('two', aSession({ n: 2 }, 5 * MINUTE));
      await set('short', aSession({}, 10));
      await set('gone', aSession());
      await destroy('gone');
      await platform.advance(10);
      expect(await all()).toMatchObject({ one: { n: 1 }, two: { n: 2, cookie: { originalMaxAge: 5 * MINUTE } } });
      expect(await length()).toBe(2);
      await clear();
      expect(await length()).toBe(0);
      expect(Object.keys((await all()) ?? {})).toEqual([]);
    });

    it("leave out other values in the client's namespace", async () => {
      const { all, sessions, get } = await aStore();
      await sessions.create({ cart: [] }, { id: sessions.idFor(SID) });
      expect(Object.keys((await all()) ?? {})).toEqual([]);
      expect(await get(SID)).toBeNull();
    });
  });

  describe('with userIdOf', () => {
    interface Passport {
      passport?: { user?: string };
    }
    const userIdOf = (session: Passport): string | undefined => session.passport?.user;
    const signedIn = (user: string) => ({ passport: { user } });

    it('files a session under its user, and takes it from there when the user signs out', async () => {
      const { set, get, sessions } = await aStore({ userIdOf });
      await set(SID, aSession(signedIn('ada')));
      expect(await sessions.listByUser('ada')).toHaveLength(1);
      const session = await get(SID);
      session!['passport'] = {};
      await set(SID, session!);
      expect(await sessions.listByUser('ada')).toHaveLength(0);
      expect(await get(SID)).not.toBeNull();
    });

    it('ends the sessions of a user', async () => {
      const { set, get, sessions } = await aStore({ userIdOf });
      await set(SID, aSession(signedIn('ada')));
      expect(await sessions.destroyByUser('ada')).toBe(1);
      expect(await get(SID)).toBeNull();
    });

    it.each([
      ['an anonymous session', {}],
      ["another user's session", signedIn('eve')],
    ])('refuses a user in %s that keeps its id, and stores nothing of it', async (_what, before) => {
      const { set, get } = await aStore({ userIdOf });
      await set(SID, aSession(before));
      const session = await get(SID);
      session!['passport'] = { user: 'ada' };
      await expect(set(SID, session!)).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION', status: 500 });
      await expect(set(SID, aSession(signedIn('ada')))).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
      expect(userIdOf((await get(SID)) as Passport)).toBe(userIdOf(before));
    });

    it('lets a user into a session that the same request has begun', async () => {
      const { set, sessions } = await aStore({ userIdOf });
      const session = aSession();
      await set(SID, session);
      session['passport'] = { user: 'ada' };
      await set(SID, session);
      expect(await sessions.listByUser('ada')).toHaveLength(1);
    });

    it('lets a user keep the id where the application says that it knows better', async () => {
      const { set, get, sessions } = await aStore({ userIdOf, userWithoutNewId: 'allow' });
      await set(SID, aSession());
      const session = await get(SID);
      session!['passport'] = { user: 'ada' };
      await set(SID, session!);
      expect(await sessions.listByUser('ada')).toHaveLength(1);
    });

    it('keeps the user whom another request signed in, where this one changed something else', async () => {
      const { set, get, sessions } = await aStore({ userIdOf, userWithoutNewId: 'allow' }, REAL_TIME);
      await set(SID, aSession());
      const [login, poll] = [await get(SID), await get(SID)];
      login!['passport'] = { user: 'ada' };
      await set(SID, login!);
      poll!['seen'] = 1;
      await set(SID, poll!);
      expect(await sessions.listByUser('ada')).toHaveLength(1);
      expect(await get(SID)).toMatchObject({ passport: { user: 'ada' }, seen: 1 });
    });

    it('refuses a user that is no text', async () => {
      const { set } = await aStore({ userIdOf: () => 7 as unknown as string });
      await expect(set(SID, aSession())).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    });
  });

  it.each([
    [{ userIdOf: 'user' as never }, 'userIdOf: expected a function'],
    [{ userWithoutNewId: 'maybe' as never }, "userWithoutNewId: expected 'refuse' or 'allow'"],
    [{ importFrom: {} as never }, 'importFrom: expected a store'],
    [{ ttl: 5 } as never, "unknown option 'ttl'"],
  ])('refuses %o (%#)', async (options: HoldfastStoreOptions<never>, message) => {
    const { sessions } = await memoryClient();
    expect(() => new HoldfastStore(sessions, options)).toThrow(message);
    const { get, update, idFor, health } = sessions;
    for (const client of [{}, { get, update, idFor, health }]) {
      expect(() => new HoldfastStore(client as never)).toThrow('sessions: expected a SessionClient');
    }
  });

  describe('calls back', () => {
    it('once, though the callback throws', async () => {
      const { store } = await aStore();
      const thrown: unknown[] = [];
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const caught = new Promise<void>((resolve) => {
        process.once('uncaughtException', (error) => {
          thrown.push(error);
          resolve();
        });
      });
      let calls = 0;
      store.get(SID, () => {
        calls += 1;
        throw new Error('the application fails');
      });
      await caught;
      for (const listener of listeners) process.on('uncaughtException', listener);
      expect(calls).toBe(1);
      expect(thrown).toMatchObject([{ message: 'the application fails' }]);
    });

    it('no caller, where there is no callback', async () => {
      const { store, get, set, destroy } = await aStore();
      store.set(SID, aSession({ a: 1 }));
      await set('another', aSession());
      expect(await get(SID)).toMatchObject({ a: 1 });
      store.destroy(SID);
      await destroy('another');
      expect(await get(SID)).toBeNull();
    });
  });
});
