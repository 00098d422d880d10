import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isHoldfastError } from '../../../../src/index.ts';
import { HttpSessions } from '../../../../src/http/http-sessions.ts';
import type { ImportOptions } from '../../../../src/http/import/import-options.ts';
import type { BackgroundFailure } from '../../../../src/telemetry/channels.ts';
import { Browser } from '../../../support/browser.ts';
import { CookieJar } from '../../../support/cookie-jar.ts';
import { settled } from '../../../support/fake-platform.ts';
import { memoryClient, type MemoryClient } from '../../../support/memory-client.ts';
import { MemoryOldStore, signedSid } from '../../../support/old-store.ts';

interface Shop {
  cart: string[];
}
type OldShop = { cart: string[]; user?: string };

const SECRET = 'keyboard cat';
const SID = 'x7Pq0-old-session-id';
const OURS = '__Host-sid';
const HOUR = 3_600_000;

let shop: MemoryClient<Shop>;
let store: MemoryOldStore;
let http: HttpSessions<Shop>;
let visitor: Browser<Shop>;
const failures: BackgroundFailure[] = [];
const note = (message: unknown): void => void failures.push(message as BackgroundFailure);

function sessionsOf(more: Partial<ImportOptions<Shop>> = {}): HttpSessions<Shop> {
  const importFrom = {
    store,
    secret: SECRET,
    toSession: ({ cart, user }: OldShop) => ({ data: { cart }, ...(user !== undefined && { userId: user }) }),
    ...more,
  } as ImportOptions<Shop>;
  return new HttpSessions<Shop>(shop.sessions, { initial: () => ({ cart: [] }), importFrom });
}

beforeEach(async () => {
  shop = await memoryClient<Shop>();
  store = new MemoryOldStore();
  store.put(SID, { cart: ['lamp'], user: 'ada', cookie: { originalMaxAge: null } });
  http = sessionsOf();
  visitor = browserWith(signedSid(SID, SECRET));
  failures.length = 0;
  subscribe('holdfast:background-failure', note);
});
afterEach(() => {
  unsubscribe('holdfast:background-failure', note);
});

const codeOf = async (call: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isHoldfastError(error) ? error.code : undefined;
};
const browserWith = (value: string) => new Browser(http, new CookieJar([['connect.sid', value]]));
const whoIs = (browser: Browser<Shop>, by = http) => browser.at(by).send(async (mine) => (await mine.get())?.userId);
const cartOf = (browser: Browser<Shop>, by = http) =>
  browser.at(by).send(async (mine) => (await mine.get())?.data.cart);

describe('the first request with an old cookie', () => {
  it('finds its session, which has moved: with its user and its data, and out of the old store', async () => {
    const session = await visitor.at(http).send((mine) => mine.get());
    expect(session?.userId).toBe('ada');
    expect(session?.data).toEqual({ cart: ['lamp'] });
    expect(session?.id).toBe(shop.sessions.idFor(SID));
    expect(store.entries.size).toBe(0);
  });

  it('sets no cookie: the next one finds the session by the old cookie, and does not ask the old store', async () => {
    const { session, answer } = visitor.visit();
    await session.get();
    store.calls.length = 0;
    expect(answer().cookies).toEqual([]);
    expect(await whoIs(visitor)).toBe('ada');
    expect(store.calls).toEqual([]);
  });

  it('creates before it deletes: a process that crashes in between signs no user out', async () => {
    store.before = async (call) => {
      if (call === 'destroy') expect(await shop.sessions.get(shop.sessions.idFor(SID))).not.toBeNull();
    };
    expect(await whoIs(visitor)).toBe('ada');
    expect(store.calls).toEqual(['get', 'destroy']);
  });

  it('is no login: a step-up asks for one', async () => {
    const call = visitor.at(http).send((mine) => mine.requireFresh());
    expect(await codeOf(call)).toBe('HOLDFAST_LOGIN_REQUIRED');
  });

  it('takes over when the user signed in, where the application knows', async () => {
    const authenticatedAt = new Date(shop.platform.now() - 60_000);
    http = sessionsOf({ toSession: () => ({ data: { cart: [] }, userId: 'ada', authenticatedAt }) });
    const session = await visitor.at(http).send((mine) => mine.requireFresh());
    expect(session.authenticatedAt).toEqual(authenticatedAt);
  });

  it('makes one session if there are five of it at once', async () => {
    const create = vi.spyOn(shop.sessions, 'create');
    const users = await Promise.all([1, 2, 3, 4, 5].map(() => whoIs(visitor)));
    expect(users).toEqual(['ada', 'ada', 'ada', 'ada', 'ada']);
    expect(create.mock.calls.length).toBeGreaterThan(1);
    expect(await shop.sessions.listByUser('ada')).toHaveLength(1);
    expect(store.entries.size).toBe(0);
  });

  it('finds the session that another request moved between its two looks', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    store.before = () => held;
    const late = whoIs(visitor);
    await settled();
    store.before = async () => {};
    expect(await whoIs(visitor)).toBe('ada');
    release();
    expect(await late).toBe('ada');
  });

  it('has no session if the old store has none', async () => {
    store.entries.clear();
    expect(await visitor.at(http).send((mine) => mine.get())).toBeNull();
  });

  it('does not import what the application refuses', async () => {
    http = sessionsOf({ toSession: () => null });
    expect(await visitor.at(http).send((mine) => mine.get())).toBeNull();
    expect(store.entries.size).toBe(1);
  });

  it('keeps the old entry if the application fails to translate it', async () => {
    http = sessionsOf({ toSession: () => Promise.reject(new Error('no such user')) });
    await expect(visitor.at(http).send((mine) => mine.get())).rejects.toThrow('no such user');
    expect(store.entries.size).toBe(1);
  });

  it('costs no I/O for an unsigned cookie', async () => {
    const get = vi.spyOn(shop.sessions, 'get');
    for (const value of ['s:made-up.', signedSid(SID, 'another secret'), `${signedSid(SID, SECRET).slice(0, -1)}_`]) {
      expect(await whoIs(browserWith(value))).toBeUndefined();
    }
    expect(store.calls).toEqual([]);
    expect(get).not.toHaveBeenCalled();
  });

  it('keeps the browser from forgetting the cookie before the session ends, if it was to survive the browser', async () => {
    store.put(SID, {
      cart: [],
      cookie: { originalMaxAge: HOUR, expires: new Date(shop.platform.now()).toISOString() },
    });
    const visits = [visitor.visit(), visitor.visit()];
    await Promise.all(visits.map(({ session }) => session.get()));
    const cookies = visits.flatMap(({ answer }) => answer().cookies);
    expect(cookies).toEqual([expect.stringMatching(`^connect\\.sid=.*; Max-Age=${(12 * HOUR) / 1_000};`)]);
    expect(await cartOf(visitor)).toEqual([]);
  });
});

describe('a browser that has a cookie of ours', () => {
  it('is not asked for its old one', async () => {
    await visitor.at(http).send((mine) => mine.login('bob'));
    visitor.jar.set('connect.sid', signedSid(SID, SECRET));
    store.put(SID, { cart: ['lamp'], user: 'ada' });
    store.calls.length = 0;
    expect(await whoIs(visitor)).toBe('bob');
    expect(store.calls).toEqual([]);
  });
});

describe('an old store that is away', () => {
  it('is 503, and never "no session"', async () => {
    store.outage = Object.assign(new Error('redis://:secret@host'), { code: 'ECONNREFUSED' });
    const error: unknown = await whoIs(visitor).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'HOLDFAST_IMPORT_UNAVAILABLE', reason: 'ECONNREFUSED', status: 503 });
    expect(error).toMatchObject({ headers: { 'retry-after': '2' } });
    expect(String((error as Error).stack)).not.toContain('secret');
    expect(visitor.jar.size).toBe(1);
    store.outage = undefined;
    expect(await whoIs(visitor)).toBe('ada');
  });

  it('is given up after two seconds if it does not answer', async () => {
    store.before = () => new Promise(() => {});
    const call = codeOf(whoIs(visitor));
    await shop.platform.advance(2_000);
    expect(await call).toBe('HOLDFAST_IMPORT_UNAVAILABLE');
  });

  it('does not concern imported users', async () => {
    await whoIs(visitor);
    store.outage = new Error('away');
    expect(await whoIs(visitor)).toBe('ada');
  });
});

describe('an old entry that could not be deleted', () => {
  const moveWithoutDeleting = async (): Promise<void> => {
    store.destroy = (_sid, callback) => callback(new Error('read only'));
    expect(await whoIs(visitor)).toBe('ada');
    expect(store.entries.size).toBe(1);
  };

  it('is announced, and deleted with a later request', async () => {
    await moveWithoutDeleting();
    expect(failures).toEqual([{ work: 'import', code: 'HOLDFAST_IMPORT_UNAVAILABLE' }]);
    store = restored(store);
    await shop.platform.advance(1_000);
    expect(await whoIs(visitor)).toBe('ada');
    await settled();
    expect(store.entries.size).toBe(0);
  });

  it('does not bring the session back once that has ended', async () => {
    await moveWithoutDeleting();
    await shop.sessions.destroyByUser('ada');
    store = restored(store);
    expect(await whoIs(visitor)).toBeUndefined();
    expect(store.entries.size).toBe(0);
    expect(await shop.sessions.listByUser('ada')).toEqual([]);
  });

  it('is not asked for again by every request while the old store is away', async () => {
    let calls = 0;
    store.destroy = (_sid, callback) => {
      calls += 1;
      callback(new Error('read only'));
    };
    for (let n = 0; n < 20; n += 1) await whoIs(visitor);
    expect(calls).toBe(1);
  });
});

/** The methods of the class again, on the same entries. */
function restored(broken: MemoryOldStore): MemoryOldStore {
  Reflect.deleteProperty(broken, 'destroy');
  return broken;
}

describe('login', () => {
  it('gives the session a new id and the browser our cookie, and ends the session of the old cookie', async () => {
    const session = await visitor.at(http).send((mine) => mine.login('ada'));
    expect(session.id).not.toBe(shop.sessions.idFor(SID));
    expect(session.data.cart).toEqual(['lamp']);
    expect([...visitor.jar.keys()]).toEqual([OURS]);
    expect(store.entries.size).toBe(0);
    const attacker = browserWith(signedSid(SID, SECRET));
    expect(await whoIs(attacker)).toBeUndefined();
    expect(await whoIs(visitor)).toBe('ada');
  });

  it('is what the rest of the request sees', async () => {
    const again = visitor.at(http).send(async (mine) => {
      await mine.login('ada');
      return mine.get({ consistency: 'strong' });
    });
    expect((await again)?.userId).toBe('ada');
  });

  it('keeps nothing of a session of another user', async () => {
    const session = await visitor.at(http).send((mine) => mine.login('bob'));
    expect(session.data.cart).toEqual([]);
    expect(await shop.sessions.listByUser('ada')).toEqual([]);
    expect(store.entries.size).toBe(0);
  });

  it('holds although the old entry could not be deleted', async () => {
    await whoIs(visitor);
    store.outage = new Error('away');
    await visitor.at(http).send((mine) => mine.login('ada'));
    expect(await whoIs(visitor)).toBe('ada');
    expect(failures).toHaveLength(1);
  });

  it('is not undone by a request that was sent before it with the old cookie', async () => {
    const stale = visitor.copy();
    await visitor.at(http).send((mine) => mine.login('ada'));
    const call = stale.at(http).send((mine) => mine.update((data) => void data.cart.push('chair')));
    expect(await codeOf(call)).toBe('HOLDFAST_SESSION_MOVED');
    expect(await whoIs(visitor)).toBe('ada');
  });
});

describe('update', () => {
  it('changes the session that has moved, and sets no cookie, which could overwrite that of a login', async () => {
    await visitor.at(http).send((mine) => mine.update((data) => void data.cart.push('chair')));
    expect([...visitor.jar.keys()]).toEqual(['connect.sid']);
    expect(await cartOf(visitor)).toEqual(['lamp', 'chair']);
  });

  it('begins a session where there is none', async () => {
    store.entries.clear();
    await visitor.at(http).send((mine) => mine.update((data) => void data.cart.push('chair')));
    expect([...visitor.jar.keys()]).toEqual(['connect.sid', OURS]);
    expect(await cartOf(visitor)).toEqual(['chair']);
  });
});

describe('logout', () => {
  it.each([
    ['as the first request', false],
    ['of a session that has moved', true],
  ])('%s ends the session, here and there, and clears both cookies', async (_when, hasMoved) => {
    const another = visitor.copy();
    if (hasMoved) await whoIs(visitor);
    visitor.jar.set(OURS, 'made-up');
    await visitor.at(http).send((mine) => mine.logout());
    expect(visitor.jar.size).toBe(0);
    expect(store.entries.size).toBe(0);
    expect(await whoIs(another)).toBeUndefined();
  });

  it('is not undone by a request that moves the session at the same time', async () => {
    let release = (): void => {};
    const another = visitor.copy();
    http = sessionsOf({
      toSession: async (old) => {
        await held;
        return { data: { cart: [] }, userId: String(old['user']) };
      },
    });
    const held = new Promise<void>((resolve) => (release = resolve));
    const moving = whoIs(another);
    await settled();
    await visitor.at(sessionsOf()).send((mine) => mine.logout());
    release();
    expect(await moving).toBeUndefined();
    expect(await shop.sessions.listByUser('ada')).toEqual([]);
  });

  it('that the old store did not take is 503; the same request again ends the rest', async () => {
    await whoIs(visitor);
    store.put(SID, { cart: ['lamp'], user: 'ada' });
    store.outage = new Error('away');
    const logout = () => visitor.at(http).send((mine) => mine.logout());
    expect(await codeOf(logout())).toBe('HOLDFAST_IMPORT_UNAVAILABLE');
    expect(visitor.jar.size).toBe(1);
    store.outage = undefined;
    await logout();
    expect(visitor.jar.size).toBe(0);
    expect(store.entries.size).toBe(0);
  });

  it('also clears an unsigned old cookie', async () => {
    visitor.jar.set('connect.sid', 'made-up');
    await visitor.at(http).send((mine) => mine.logout());
    expect(visitor.jar.size).toBe(0);
  });
});

describe('signing out everywhere', () => {
  it('reaches sessions that are not imported yet through toSession', async () => {
    const refused = new Set(['ada']);
    http = sessionsOf({
      toSession: async ({ cart, user = '' }: OldShop) => (refused.has(user) ? null : { data: { cart }, userId: user }),
    });
    expect(await whoIs(visitor)).toBeUndefined();
    refused.clear();
    expect(await whoIs(visitor)).toBe('ada');
  });
});

describe('while old instances run', () => {
  beforeEach(() => {
    http = sessionsOf({ since: new Date(shop.platform.now() + HOUR) });
  });

  it('a session is copied: the old instances go on to find it', async () => {
    expect(await whoIs(visitor)).toBe('ada');
    expect(await cartOf(visitor)).toEqual(['lamp']);
    expect(store.entries.size).toBe(1);
    expect(await shop.sessions.listByUser('ada')).toHaveLength(1);
  });

  it('a logout on an old instance ends it here, for good', async () => {
    await whoIs(visitor);
    store.entries.clear();
    expect(await whoIs(visitor)).toBeUndefined();
    expect(await shop.sessions.listByUser('ada')).toEqual([]);
    expect(await whoIs(visitor, sessionsOf())).toBeUndefined();
  });

  it('a copy that only old instances use ends here by its idle lifetime', async () => {
    await whoIs(visitor);
    await shop.platform.advance(31 * 60_000);
    expect(await whoIs(visitor)).toBeUndefined();
    expect(store.entries.size).toBe(1);
  });

  it('a logout here ends it there', async () => {
    await whoIs(visitor);
    await visitor.at(http).send((mine) => mine.logout());
    expect(store.entries.size).toBe(0);
    expect(await shop.sessions.listByUser('ada')).toEqual([]);
  });

  it('a login here is not undone by a request that was sent before it with the old cookie', async () => {
    const stale = visitor.copy();
    await visitor.at(http).send((mine) => mine.login('ada'));
    expect(store.entries.size).toBe(0);
    expect(await whoIs(stale)).toBeUndefined();
    expect(await whoIs(visitor)).toBe('ada');
  });

  it('an old store that is away is 503, although the session is here', async () => {
    await whoIs(visitor);
    store.outage = new Error('away');
    expect(await codeOf(whoIs(visitor))).toBe('HOLDFAST_IMPORT_UNAVAILABLE');
  });

  it('the entry stays for another minute, for nodes whose clocks are behind', async () => {
    await shop.platform.advance(HOUR + 59_000);
    expect(await whoIs(visitor)).toBe('ada');
    expect(await whoIs(visitor)).toBe('ada');
    await settled();
    expect(store.entries.size).toBe(1);
    await shop.platform.advance(1_000);
    expect(await whoIs(visitor)).toBe('ada');
    await settled();
    expect(store.entries.size).toBe(0);
  });
});
