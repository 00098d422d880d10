import { beforeEach, describe, expect, it } from 'vitest';
import { ResponseHead } from '../../../src/http/cookie/cookie-sink.ts';
import { Exchange } from '../../../src/http/exchange.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { generateKeyRing, SessionClient, type StandardSchema } from '../../../src/index.ts';
import { newSessionId } from '../../../src/session/session-id.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { Browser } from '../../support/browser.ts';
import { MemoryFleet, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

const CLEARED: unknown = expect.stringMatching(/^__Host-sid=; .*Max-Age=0/);
let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
const initial = (): Shop => ({ cart: [] });
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial }));
});

/** Calls to both tiers that `call` made. */
async function tierCalls(call: () => Promise<unknown>): Promise<string[]> {
  node.durable.calls.length = 0;
  node.primary.calls.length = 0;
  await call();
  return [...node.durable.calls, ...node.primary.calls];
}

describe('a visitor without a cookie', () => {
  it('has no session, gets no cookie and costs no I/O', async () => {
    const { session, answer } = browser.visit();
    const calls = await tierCalls(async () => {
      expect(await session.get()).toBeNull();
      expect(await session.get({ consistency: 'strong' })).toBeNull();
      await session.logout();
    });
    expect(calls).toEqual([]);
    expect(answer()).toEqual({ cookies: [], isPrivate: false });
  });

  it('begins a session with the first update, from the initial data', async () => {
    const { session, answer } = browser.visit({ method: 'POST' });
    const { data, id, userId } = await session.update(put('book'));
    expect(data).toEqual({ cart: ['book'] });
    expect(userId).toBeUndefined();
    expect(answer().cookies).toEqual([expect.stringMatching(`^__Host-sid=${id}\\.[\\w-]{43};`)]);
    expect((await browser.send((next) => next.get()))?.data).toEqual({ cart: ['book'] });
  });

  it('has one session after two updates in one request, with both', async () => {
    const { session, answer } = browser.visit({ method: 'POST' });
    const both = await Promise.all([session.update(put('book')), session.update(put('pen'))]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
    expect((await session.get())?.data.cart).toEqual(['book', 'pen']);
    answer();
    expect((await browser.send((next) => next.get()))?.data.cart).toEqual(['book', 'pen']);
    expect(fleet.database.size).toBe(1);
  });

  it('keeps nothing of an update whose function throws, and begins with the next', async () => {
    const { session, answer } = browser.visit({ method: 'POST' });
    const boom = () => {
      throw new RangeError('boom');
    };
    await expect(session.update(boom)).rejects.toThrow(RangeError);
    expect(fleet.database.size).toBe(0);
    await session.update(put('book'));
    expect(answer().cookies).toHaveLength(1);
  });

  it('is not kept waiting for ever by a change that does not end', async () => {
    const { session } = browser.visit({ method: 'POST' });
    const stuck = session.update(() => new Promise<void>(() => undefined));
    const next = session.update(put('book'));
    const outcome = expect(stuck).rejects.toMatchObject({ code: 'HOLDFAST_REVISION_CONFLICT' });
    await fleet.platform.advance(60_000);
    await outcome;
    expect((await next).data.cart).toEqual(['book']);
  });

  it.each<[string, (shop: Shop) => unknown]>([
    ['a number, as an arrow function does', ({ cart }) => cart.push('book')],
    ['a part of the draft', ({ cart }) => cart],
  ])('stores nothing where the change returns %s', async (_, change) => {
    const { session } = browser.visit({ method: 'POST' });
    await expect(session.update(change as never)).rejects.toMatchObject({ code: 'HOLDFAST_PAYLOAD' });
    expect(fleet.database.size).toBe(0);
  });

  it('may be given a label and a lifetime; a label of null is none', async () => {
    const options = { label: 'kiosk', lifetime: { idle: '1m', absolute: '2m' } } as const;
    const session = await browser.send((visit) => visit.update(put('book'), options), { method: 'POST' });
    expect(session.label).toBe('kiosk');
    expect(+session.absoluteExpiresAt - +session.createdAt).toBe(120_000);
    const other = new Browser(new HttpSessions(node.sessions, { initial }));
    const unnamed = await other.send((visit) => visit.update(put('book'), { label: null }), { method: 'POST' });
    expect(unnamed.label).toBeUndefined();
    const wrong = new Browser(new HttpSessions(node.sessions, { initial })).visit({ method: 'POST' });
    await expect(wrong.session.update(put('book'), { label: 7 as never })).rejects.toMatchObject({
      code: 'HOLDFAST_PAYLOAD',
    });
    expect(fleet.database.size).toBe(2);
  });
});

describe('a request with a session', () => {
  beforeEach(() => browser.send((visit) => visit.update(put('book')), { method: 'POST' }));

  it('loads it once, however often and however parallel it is asked for', async () => {
    await browser.send((visit) => visit.get());
    const { session } = browser.visit();
    const calls = await tierCalls(async () => {
      const [first, second] = await Promise.all([session.get(), session.get()]);
      expect(first).toBe(second);
      expect(await session.get()).toBe(first);
    });
    expect(calls).toEqual(['read']);
  });

  it('asks the database for a strong read, which it then goes by', async () => {
    const { session } = browser.visit();
    await session.get();
    await node.sessions.update(browser.cookie?.slice(0, 43) ?? '', put('pen'));
    expect((await session.get())?.data.cart).toEqual(['book']);
    expect((await session.get({ consistency: 'strong' }))?.data.cart).toEqual(['book', 'pen']);
    expect((await session.get())?.data.cart).toEqual(['book', 'pen']);
  });

  it('is private and sets no cookie, also where it writes', async () => {
    const { session, answer } = browser.visit({ method: 'POST' });
    await session.update(put('pen'));
    expect(answer()).toEqual({ cookies: [], isPrivate: true });
  });

  it('costs nothing where the handler asks for no session', async () => {
    expect(await tierCalls(async () => browser.visit().answer())).toEqual([]);
    expect(browser.visit().answer().isPrivate).toBe(false);
  });

  it('sees its own writes, and writes with the session in hand', async () => {
    const { session } = browser.visit({ method: 'POST' });
    await session.get();
    const calls = await tierCalls(() => session.update(put('pen')));
    expect(calls).not.toContain('read');
    expect(calls).not.toContain('sessions.read');
    expect((await session.get())?.data.cart).toEqual(['book', 'pen']);
  });

  it('changes label and lifetime', async () => {
    const changed = await browser.send(
      (visit) => visit.update(() => undefined, { label: 'desk', lifetime: { idle: '1m' } }),
      { method: 'POST' },
    );
    expect(changed.label).toBe('desk');
    expect(+changed.idleExpiresAt - +changed.lastSeenAt).toBe(60_000);
    const bare = await browser.send((visit) => visit.update(() => undefined, { label: null }), { method: 'POST' });
    expect(bare.label).toBeUndefined();
  });

  it('refuses wrong options and a change that is no function, before any I/O', async () => {
    const { session } = browser.visit({ method: 'POST' });
    const calls = await tierCalls(async () => {
      await expect(session.get({ consistency: 'eventual' } as never)).rejects.toThrow('consistency: expected');
      await expect(session.get({ fresh: true } as never)).rejects.toThrow("unknown option 'fresh'");
      await expect(session.update(put('x'), { user: 'a' } as never)).rejects.toThrow("unknown option 'user'");
      await expect(session.update(put('x'), { lifetime: { idle: '1y' as never } })).rejects.toThrow('lifetime.idle');
      await expect(session.login(undefined as never)).rejects.toThrow('login: expected a string as userId');
      await expect(session.login(null as never)).rejects.toThrow('login: expected a string as userId');
      await expect(session.login('eve', { label: 7 as never })).rejects.toThrow('login: expected a string as label');
      await expect(session.login('eve', { remember: true } as never)).rejects.toThrow("unknown option 'remember'");
      await expect(session.logoutEverywhere({ keepThis: 1 as never })).rejects.toThrow('keepThis: expected a boolean');
      await expect(session.requireFresh('soon' as never)).rejects.toThrow('maxAge: expected a duration');
    });
    expect(calls).toEqual([]);
    await expect(session.update('no function' as never)).rejects.toThrow('update: expected a function');
  });

  it('logs out: the session ends, and the cookie is cleared', async () => {
    const id = browser.cookie?.slice(0, 43) ?? '';
    const { session, answer } = browser.visit({ method: 'POST' });
    await session.logout();
    expect(await session.get()).toBeNull();
    expect(answer().cookies).toEqual([CLEARED]);
    expect(browser.cookie).toBeUndefined();
    expect(await node.sessions.get(id)).toBeNull();
  });

  it('may begin another session after its logout', async () => {
    const { session, answer } = browser.visit({ method: 'POST' });
    await session.logout();
    await session.update(put('new'));
    expect(answer().cookies).toHaveLength(1);
    expect((await browser.send((next) => next.get()))?.data.cart).toEqual(['new']);
  });

  it('hands out no cookie of a session that began and ended in it', async () => {
    browser.jar.clear();
    const { session, answer } = browser.visit({ method: 'POST' });
    await session.update(put('book'));
    await session.logout();
    expect(answer().cookies).toEqual([CLEARED]);
  });

  it('is a visitor without a session once it has ended, whose cookie stays untouched', async () => {
    const id = browser.cookie?.slice(0, 43) ?? '';
    await node.sessions.destroy(id);
    const { session, answer } = browser.visit();
    expect(await session.get()).toBeNull();
    expect(answer()).toEqual({ cookies: [], isPrivate: false });
  });
});

describe('an unsigned cookie', () => {
  it('is no session and costs no I/O, however it is asked', async () => {
    browser.jar.set(browser.name, `${newSessionId(fleet.platform)}.${'A'.repeat(43)}`);
    const { session, answer } = browser.visit({ method: 'POST' });
    const calls = await tierCalls(async () => {
      expect(await session.get()).toBeNull();
      expect(await session.get({ consistency: 'strong' })).toBeNull();
      await expect(session.requireUser()).rejects.toMatchObject({ code: 'HOLDFAST_LOGIN_REQUIRED', status: 401 });
      await expect(session.devices()).rejects.toMatchObject({ reason: 'anonymous' });
      await expect(session.logoutEverywhere()).rejects.toMatchObject({ reason: 'anonymous' });
      await expect(session.logoutDevice('x')).rejects.toMatchObject({ reason: 'anonymous' });
      await session.logout();
    });
    expect(calls).toEqual([]);
    expect(answer().cookies).toEqual([CLEARED]);
  });

  it('is replaced by the first update', async () => {
    const madeUp = `${newSessionId(fleet.platform)}.${'A'.repeat(43)}`;
    browser.jar.set(browser.name, madeUp);
    await browser.send((visit) => visit.update(put('book')), { method: 'POST' });
    expect(browser.cookie).not.toBe(madeUp);
    expect((await browser.send((visit) => visit.get()))?.data.cart).toEqual(['book']);
  });
});

describe('a request from another site', () => {
  const crossSite = { 'sec-fetch-site': 'cross-site' };
  const first = (visitor: Browser<Shop>, method: string, headers: Record<string, string> = crossSite) =>
    visitor.send((visit) => visit.update(put('book')), { method, headers });

  it('begins no session by POST: the browser may have one, and has kept its cookie back', async () => {
    await expect(first(browser, 'POST')).rejects.toMatchObject({ code: 'HOLDFAST_CROSS_SITE_REQUEST', status: 403 });
    expect(browser.cookie).toBeUndefined();
    expect(fleet.database.size).toBe(0);
  });

  it('begins one by GET, with which a Lax cookie comes', async () => {
    await first(browser, 'GET');
    expect(browser.cookie).toBeDefined();
  });

  it('begins none by GET where the cookie is Strict', async () => {
    const strict = new Browser(new HttpSessions(node.sessions, { initial, cookie: { sameSite: 'strict' } }));
    await expect(first(strict, 'GET')).rejects.toMatchObject({ code: 'HOLDFAST_CROSS_SITE_REQUEST' });
    await first(strict, 'GET', { 'sec-fetch-site': 'none' });
    expect(strict.cookie).toBeDefined();
  });

  it('begins one where the cookie is meant for other sites', async () => {
    const embedded = new Browser(new HttpSessions(node.sessions, { initial, cookie: { sameSite: 'none' } }));
    await first(embedded, 'POST');
    expect(embedded.cookie).toBeDefined();
  });

  it.each(['same-origin', 'same-site', 'none'])('is not one that says %s', async (site) => {
    await first(browser, 'POST', { 'sec-fetch-site': site });
    expect(browser.cookie).toBeDefined();
  });

  it('may sign in, as an identity provider has its form posted', async () => {
    await browser.send((visit) => visit.login('ada'), { method: 'POST', headers: crossSite });
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
  });
});

describe('a schema that transforms', () => {
  interface Given {
    readonly items?: string;
  }
  interface Stored {
    items: string[];
  }
  const schema: StandardSchema<Given, Stored> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const { items = '' } = value as { items?: string[] | string };
        return { value: { items: typeof items === 'string' ? items.split(',') : items } };
      },
    },
  };

  it('has been through the draft of a session that begins, as through any other', async () => {
    const sessions = new SessionClient<Stored, Given>({
      keys: await generateKeyRing(),
      primary: memoryPrimaryTier(),
      durable: memoryDurableTier(),
      platform: fleet.platform,
      schema,
    });
    const http = new HttpSessions(sessions, { initial: (): Given => ({ items: 'a,b' }) });
    const session = new Exchange(http, { method: 'POST', header: () => undefined }, new ResponseHead());
    const drafts: Stored[] = [];
    for (const item of ['c', 'd']) {
      await session.update((draft) => {
        drafts.push(structuredClone(draft));
        draft.items.push(item);
      });
    }
    expect(drafts).toEqual([{ items: ['a', 'b'] }, { items: ['a', 'b', 'c'] }]);
    expect((await session.get())?.data).toEqual({ items: ['a', 'b', 'c', 'd'] });
  });
});
