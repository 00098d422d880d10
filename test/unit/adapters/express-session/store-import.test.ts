import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HoldfastStore, type HoldfastStoreOptions } from '../../../../src/adapters/express-session/index.ts';
import { memoryClient } from '../../../support/memory-client.ts';
import { MemoryOldStore } from '../../../support/old-store.ts';
import { aSession, callsOf } from '../../../support/store-calls.ts';

const SID = 'p3jD8Zkq0s6mY1cN';
const MINUTE = 60_000;

/** A store of express-session that can also be written to. */
class OldStoreInUse extends MemoryOldStore {
  set(sid: string, session: object, callback?: (error?: unknown) => void): void {
    this.put(sid, session);
    callback?.();
  }

  touch(sid: string, session: object, callback?: (error?: unknown) => void): void {
    this.set(sid, session, callback);
  }

  clear(callback: (error?: unknown) => void): void {
    this.entries.clear();
    callback();
  }
}

async function moving(options: HoldfastStoreOptions<never> = {}) {
  const old = new OldStoreInUse();
  const { sessions, platform, another } = await memoryClient();
  const storeOf = (client = sessions) => callsOf(new HoldfastStore<never>(client, { importFrom: old, ...options }));
  return { old, sessions, platform, storeOf, anotherStore: () => storeOf(another()), ...storeOf() };
}

describe('HoldfastStore with importFrom', () => {
  it('moves a session with the first request that has its id, and asks the old store once', async () => {
    const { old, get, set } = await moving();
    old.put(SID, aSession({ cart: ['tea'] }, 10 * MINUTE));
    const session = await get(SID);
    expect(session).toMatchObject({ cart: ['tea'], cookie: { originalMaxAge: 10 * MINUTE } });
    session!['cart'] = ['tea', 'milk'];
    await set(SID, session!);
    expect(await get(SID)).toMatchObject({ cart: ['tea', 'milk'] });
    expect(old.entries.size).toBe(0);
    expect(old.calls).toEqual(['get', 'destroy']);
  });

  it('makes one session of many first requests, on several nodes', async () => {
    const { old, sessions, storeOf, anotherStore } = await moving();
    old.put(SID, aSession({ cart: ['tea'] }));
    const stores = [storeOf(), storeOf(), anotherStore(), anotherStore(), anotherStore()];
    const found = await Promise.all(stores.map((store) => store.get(SID)));
    expect(found.map((session) => session?.['cart'])).toEqual(stores.map(() => ['tea']));
    const stored = [];
    for await (const { revision } of sessions.all()) stored.push(revision);
    expect(stored).toEqual([1]);
  });

  it('finds the session that another request moves between the two looks', async () => {
    const { old, get, anotherStore } = await moving();
    const other = anotherStore();
    old.put(SID, aSession({ cart: ['tea'] }));
    let asked = 0;
    old.before = async (call) => {
      asked += 1;
      if (call === 'get' && asked === 1) await other.get(SID);
    };
    expect(await get(SID)).toMatchObject({ cart: ['tea'] });
  });

  it('files an imported session under its user, and takes the move for no login', async () => {
    const { old, get, sessions } = await moving({ userIdOf: ({ user }: { user?: string }) => user });
    old.put(SID, aSession({ user: 'ada' }));
    await get(SID);
    expect(await sessions.listByUser('ada')).toMatchObject([{ authenticatedAt: undefined }]);
  });

  it.each([
    ['nothing', undefined],
    ['no cookie', { cart: [] }],
    ['a text for a cookie', { cart: [], cookie: 'no' }],
    ['a list', ['cookie']],
    ['an expired date', { cookie: { originalMaxAge: null, expires: '2020-01-01T00:00:00.000Z' } }],
    ['a negative maxAge', { cookie: { originalMaxAge: -1 } }],
  ])('takes %s in the old store for no session', async (_what, entry) => {
    const { old, get, length } = await moving();
    if (entry !== undefined) old.put(SID, entry);
    expect(await get(SID)).toBeNull();
    expect(await length()).toBe(0);
  });

  it('trusts the old store about expiry, since many renew their own time to live only', async () => {
    const { old, get } = await moving();
    old.put(SID, { cart: [], cookie: { originalMaxAge: MINUTE, expires: '2020-01-01T00:00:00.000Z' } });
    expect(await get(SID)).toMatchObject({ cart: [] });
  });

  it('answers an outage of the old store with 503, and serves imported sessions', async () => {
    const { old, get, set } = await moving();
    await set('moved', aSession({ a: 1 }));
    old.outage = new Error('secret of the old store');
    const error: unknown = await get(SID).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'HOLDFAST_IMPORT_UNAVAILABLE', status: 503 });
    expect(String(error)).not.toContain('secret');
    expect(await get('moved')).toMatchObject({ a: 1 });
  });

  it('takes ENOENT of the old store for no session', async () => {
    const { old, get } = await moving();
    old.outage = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(await get(SID)).toBeNull();
  });

  describe('a logout', () => {
    it('ends a session that has not moved yet, and its id', async () => {
      const { old, get, destroy } = await moving();
      const entry = aSession({ user: 'ada' });
      old.put(SID, entry);
      await destroy(SID);
      expect(old.entries.size).toBe(0);
      old.put(SID, entry);
      expect(await get(SID)).toBeNull();
      expect(old.entries.size).toBe(0);
    });

    it('deletes an entry that stayed in the old store when the session moved', async () => {
      const { old, get, destroy } = await moving();
      old.put(SID, aSession({ user: 'ada' }));
      const failures: unknown[] = [];
      const onMessage = (message: unknown): void => void failures.push(message);
      subscribe('holdfast:background-failure', onMessage);
      onTestFinished(() => void unsubscribe('holdfast:background-failure', onMessage));
      old.destroy = (_sid, callback) => callback(new Error('away'));
      expect(await get(SID)).toMatchObject({ user: 'ada' });
      expect(failures).toMatchObject([{ work: 'import' }]);
      expect(old.entries.size).toBe(1);
      Reflect.deleteProperty(old, 'destroy');
      await destroy(SID);
      expect(old.entries.size).toBe(0);
      expect(await get(SID)).toBeNull();
    });

    it('rejects where the old store could not delete the session, which is over here all the same', async () => {
      const { old, get, destroy } = await moving();
      old.put(SID, aSession({ user: 'ada' }));
      await get(SID);
      old.put(SID, aSession({ user: 'ada' }));
      old.outage = new Error('away');
      await expect(destroy(SID)).rejects.toMatchObject({ status: 503 });
      old.outage = undefined;
      expect(await get(SID)).toBeNull();
    });
  });

  describe('until importSince', () => {
    const soon = (platform: { now(): number }): Date => new Date(platform.now() + 10 * MINUTE);

    it('leaves everything to the old store, so that old instances see it', async () => {
      const { platform, old, sessions } = await moving();
      const { get, set, touch, destroy } = callsOf(
        new HoldfastStore<never>(sessions, { importFrom: old, importSince: soon(platform) }),
      );
      await set(SID, aSession({ a: 1 }));
      expect(JSON.parse(old.entries.get(SID)!)).toMatchObject({ a: 1 });
      old.put(SID, aSession({ a: 2 }));
      expect(await get(SID)).toMatchObject({ a: 2 });
      await touch(SID, aSession({ a: 3 }));
      expect(await get(SID)).toMatchObject({ a: 3 });
      await destroy(SID);
      expect(old.entries.size).toBe(0);
      for await (const session of sessions.all()) expect.unreachable(session.handle);
    });

    it('and copies sessions for a minute after it, in which a node that is behind may still end them', async () => {
      const { platform, old, sessions } = await moving();
      const { get, set, length } = callsOf(
        new HoldfastStore<never>(sessions, { importFrom: old, importSince: soon(platform) }),
      );
      await set(SID, aSession({ a: 1 }));
      await set('other', aSession({ a: 1 }));
      await platform.advance(10 * MINUTE);
      await set('new', aSession({ a: 1 }));
      expect(await get(SID)).toMatchObject({ a: 1 });
      expect(await get('other')).toMatchObject({ a: 1 });
      expect(old.entries.size).toBe(2);
      old.entries.delete(SID);
      expect(await get(SID)).toBeNull();
      expect(await get('new')).toMatchObject({ a: 1 });
      await platform.advance(MINUTE);
      expect(await get('other')).toMatchObject({ a: 1 });
      await platform.advance(1);
      expect(old.entries.size).toBe(0);
      expect(await get('other')).toMatchObject({ a: 1 });
      expect(await length()).toBe(2);
    });

    it('and copies a session that a request read before it and stores after it, so that a node that is behind may end it', async () => {
      const { platform, old, sessions } = await moving();
      const { get, set } = callsOf(
        new HoldfastStore<never>(sessions, { importFrom: old, importSince: soon(platform) }),
      );
      await set(SID, aSession({ a: 1, b: 1 }));
      const session = await get(SID);
      await platform.advance(10 * MINUTE);
      await set(SID, { cookie: session!.cookie, a: 2 });
      expect(await get(SID)).toMatchObject({ a: 2 });
      expect(await get(SID)).not.toHaveProperty('b');
      old.entries.delete(SID);
      expect(await get(SID)).toBeNull();
    });
  });

  it('clear() ends the sessions of both', async () => {
    const { old, get, set, clear, length } = await moving();
    old.put(SID, aSession({ a: 1 }));
    await set('ours', aSession());
    await clear();
    expect(await length()).toBe(0);
    expect(await get(SID)).toBeNull();
  });

  it('clear() refuses to leave sessions behind that would come back', async () => {
    const { sessions } = await memoryClient();
    const { clear } = callsOf(new HoldfastStore<never>(sessions, { importFrom: new MemoryOldStore() }));
    await expect(clear()).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });

  it.each([
    [{ importSince: new Date() }, 'importSince: needs importFrom'],
    [{ importFrom: new MemoryOldStore(), importSince: 5 as never }, 'importSince: expected a Date'],
    [{ importFrom: new MemoryOldStore(), importSince: new Date() }, 'importFrom: expected a store'],
  ])('refuses %o (%#)', async (options: HoldfastStoreOptions<never>, message) => {
    const { sessions } = await memoryClient();
    expect(() => new HoldfastStore(sessions, options)).toThrow(message);
  });
});
