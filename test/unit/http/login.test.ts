import { beforeEach, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { backgroundFailure, type BackgroundFailure } from '../../../src/telemetry/channels.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser } from '../../support/browser.ts';
import { failing, MemoryFleet, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

const CLEARED: unknown = expect.stringMatching(/^__Host-sid=; .*Max-Age=0/);
const MINUTE_MS = 60_000;
let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
const initial = (): Shop => ({ cart: [] });
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
const post = { method: 'POST' };

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial }));
});

const idOf = (of: Browser<Shop>): string => of.cookie?.slice(0, 43) ?? '';
const login = (userId: string, of = browser) => of.send((visit) => visit.login(userId), post);
const current = (of = browser) => of.send((visit) => visit.get());

describe('login', () => {
  it('begins a session from the initial data where there is none', async () => {
    const session = await login('ada');
    expect(session.data).toEqual({ cart: [] });
    expect(session.authenticatedAt).toEqual(session.createdAt);
    expect((await current())?.userId).toBe('ada');
  });

  it('gives an anonymous session a new id and keeps its data; the old id is dead', async () => {
    await browser.send((visit) => visit.update(put('book')), post);
    const old = idOf(browser);
    const session = await login('ada');
    expect(session.id).not.toBe(old);
    expect(session.data).toEqual({ cart: ['book'] });
    expect(await node.sessions.get(old)).toBeNull();
    expect((await current())?.id).toBe(session.id);
  });

  it('takes other data where they are given, with or without a session before', async () => {
    const data: Shop = { cart: ['given'] };
    const options = { data, label: 'phone', lifetime: { idle: '1m', absolute: '2m' } } as const;
    await browser.send((visit) => visit.update(put('book')), post);
    for (const visitor of [browser, new Browser(new HttpSessions(node.sessions, { initial }))]) {
      const session = await visitor.send((visit) => visit.login('ada', options), post);
      expect(session.data).toEqual(data);
      expect(session.label).toBe('phone');
      expect(+session.absoluteExpiresAt - +session.lastSeenAt).toBe(2 * MINUTE_MS);
      expect(+session.idleExpiresAt - +session.lastSeenAt).toBe(MINUTE_MS);
    }
  });

  it('takes null for data like any other', async () => {
    const options = { data: null as unknown as Shop };
    await browser.send((visit) => visit.update(put('book')), post);
    for (const visitor of [browser, new Browser(new HttpSessions(node.sessions, { initial }))]) {
      expect((await visitor.send((visit) => visit.login('ada', options), post)).data).toBeNull();
    }
  });

  it('of the same user keeps the data under a new id, and begins the login and the absolute lifetime anew', async () => {
    const first = await login('ada');
    await browser.send((visit) => visit.update(put('book')), post);
    await fleet.platform.advance(10 * MINUTE_MS);
    const again = await login('ada');
    expect(again.id).not.toBe(first.id);
    expect(again.data.cart).toEqual(['book']);
    expect(+again.authenticatedAt! - +first.authenticatedAt!).toBe(10 * MINUTE_MS);
    expect(+again.absoluteExpiresAt - +first.absoluteExpiresAt).toBe(10 * MINUTE_MS);
    expect(again.createdAt).toEqual(first.createdAt);
    expect(await node.sessions.get(first.id)).toBeNull();
  });

  it('of another user ends the session before and takes nothing of it', async () => {
    await login('ada');
    await browser.send((visit) => visit.update(put('secret'), { label: 'of ada' }), post);
    const ada = idOf(browser);
    const bob = await login('bob');
    expect(bob.data).toEqual({ cart: [] });
    expect(bob.label).toBeUndefined();
    expect(await node.sessions.get(ada)).toBeNull();
    expect((await current())?.userId).toBe('bob');
  });

  it('is the session of the request from then on', async () => {
    const { session, answer } = browser.visit(post);
    expect(await session.get()).toBeNull();
    const { id } = await session.login('ada');
    expect((await session.get())?.id).toBe(id);
    expect((await session.requireUser()).id).toBe(id);
    expect((await session.update(put('book'))).id).toBe(id);
    expect((await session.get({ consistency: 'strong' }))?.data.cart).toEqual(['book']);
    expect(answer().cookies).toEqual([expect.stringContaining(id)]);
  });

  it('comes after the update that was called before it, and before the one that was called after it', async () => {
    const { session, answer } = browser.visit(post);
    await Promise.all([session.update(put('book')), session.login('ada'), session.update(put('pen'))]);
    answer();
    const end = await current();
    expect({ cart: end?.data.cart, userId: end?.userId }).toEqual({ cart: ['book', 'pen'], userId: 'ada' });
    expect((await node.sessions.listByUser('ada')).length).toBe(1);
  });

  it('is not undone by a load that ends later', async () => {
    await browser.send((visit) => visit.update(put('book')), post);
    const { session, answer } = browser.visit(post);
    await session.get();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    // A strong read compares what is stored with what it has.
    node.durable.override('sessions.readState', async (own, ...args) => {
      const state = await own(...args);
      await released;
      return state;
    });
    const slow = session.get({ consistency: 'strong' });
    const signedIn = await session.login('ada');
    release();
    expect(await slow).toMatchObject({ userId: undefined, data: { cart: ['book'] } });
    expect((await session.get())?.id).toBe(signedIn.id);
    answer();
    expect((await current())?.userId).toBe('ada');
  });
});

describe('requireUser and requireFresh', () => {
  it('accept a user who signed in lately, and give the reason for refusing others', async () => {
    await expect(browser.send((visit) => visit.requireUser())).rejects.toMatchObject({
      reason: 'anonymous',
      status: 401,
    });
    await browser.send((visit) => visit.update(put('book')), post);
    await expect(browser.send((visit) => visit.requireFresh())).rejects.toMatchObject({ reason: 'anonymous' });
    await login('ada');
    expect((await browser.send((visit) => visit.requireFresh())).userId).toBe('ada');
    await fleet.platform.advance(15 * MINUTE_MS);
    expect((await browser.send((visit) => visit.requireFresh())).userId).toBe('ada');
    await fleet.platform.advance(1);
    await expect(browser.send((visit) => visit.requireFresh())).rejects.toMatchObject({ reason: 'stale', status: 401 });
    expect((await browser.send((visit) => visit.requireFresh('20m'))).userId).toBe('ada');
    expect((await browser.send((visit) => visit.requireUser())).userId).toBe('ada');
    await login('ada');
    expect((await browser.send((visit) => visit.requireFresh('1s'))).userId).toBe('ada');
  });

  it('take a session whose user was set by a write for one that has not authenticated', async () => {
    const { id } = await browser.send((visit) => visit.update(put('book')), post);
    await node.sessions.update(id, () => undefined, { userId: 'ada' });
    expect((await browser.send((visit) => visit.requireUser())).userId).toBe('ada');
    await expect(browser.send((visit) => visit.requireFresh('1h'))).rejects.toMatchObject({ reason: 'stale' });
  });
});

describe('the devices of a user', () => {
  it('are listed with the current one marked, and can be ended one by one', async () => {
    const phone = new Browser(new HttpSessions(node.sessions, { initial }));
    await phone.send((visit) => visit.login('ada', { label: 'phone' }), post);
    await fleet.platform.advance(1_000);
    await browser.send((visit) => visit.login('ada', { label: 'desk' }), post);
    await login('bob', new Browser(new HttpSessions(node.sessions, { initial })));
    const devices = await browser.send((visit) => visit.devices());
    expect(devices.map(({ label, current: isCurrent }) => [label, isCurrent])).toEqual([
      ['desk', true],
      ['phone', false],
    ]);
    const handle = devices[1]?.handle ?? '';
    expect(await browser.send((visit) => visit.logoutDevice(handle), post)).toBe(true);
    expect(await browser.send((visit) => visit.logoutDevice(handle), post)).toBe(false);
    expect(await current(phone)).toBeNull();
    expect((await current())?.userId).toBe('ada');
  });

  it('do not include those of others, whose handles end nothing', async () => {
    const eve = new Browser(new HttpSessions(node.sessions, { initial }));
    const { handle } = await login('ada');
    await login('eve', eve);
    expect(await eve.send((visit) => visit.logoutDevice(handle), post)).toBe(false);
    expect((await current())?.userId).toBe('ada');
  });

  it('are not ended by an array, which a request can contain where the application expects a text', async () => {
    const { handle } = await login('ada');
    const repeated: unknown = [handle];
    expect(await browser.send((visit) => visit.logoutDevice(repeated as string), post)).toBe(false);
    expect((await current())?.userId).toBe('ada');
  });

  it('end with the cookie, where the current one is ended', async () => {
    await login('ada');
    const { session, answer } = browser.visit(post);
    const [device] = await session.devices();
    expect(await session.logoutDevice(device?.handle ?? '')).toBe(true);
    expect(await session.get()).toBeNull();
    expect(answer().cookies).toEqual([CLEARED]);
    expect(await node.sessions.listByUser('ada')).toEqual([]);
  });
});

describe('logoutEverywhere', () => {
  it('ends all sessions of the user and clears the cookie', async () => {
    const phone = new Browser(new HttpSessions(node.sessions, { initial }));
    await login('ada', phone);
    await login('ada');
    const { session, answer } = browser.visit(post);
    expect(await session.logoutEverywhere()).toBe(2);
    expect(answer().cookies).toEqual([CLEARED]);
    expect(await current(phone)).toBeNull();
  });

  it('may keep this one, and then touches no cookie', async () => {
    const phone = new Browser(new HttpSessions(node.sessions, { initial }));
    await login('ada', phone);
    await login('ada');
    const { session, answer } = browser.visit(post);
    expect(await session.logoutEverywhere({ keepThis: true })).toBe(1);
    expect(answer().cookies).toEqual([]);
    expect((await current())?.userId).toBe('ada');
    expect(await current(phone)).toBeNull();
  });
});

describe('maxSessionsPerUser', () => {
  const limited = (most: number) => new Browser(new HttpSessions(node.sessions, { initial, maxSessionsPerUser: most }));

  it('ends the sessions with the oldest logins, in use or not, when the user signs in once more', async () => {
    const [first, second, third] = [limited(2), limited(2), limited(2)];
    for (const device of [first, second]) {
      await login('ada', device);
      await fleet.platform.advance(10);
    }
    await fleet.platform.advance(60_000);
    await current(first);
    await fleet.platform.advance(5_000);
    const [latest] = await second.send((visit) => visit.devices());
    expect(latest?.current).toBe(false);
    await login('ada', third);
    expect(await current(first)).toBeNull();
    expect((await current(second))?.userId).toBe('ada');
    expect((await current(third))?.userId).toBe('ada');
  });

  it('does not end the session that an old login is stepped up to', async () => {
    const [old, other, another] = [
      limited(2),
      new Browser(new HttpSessions(node.sessions, { initial })),
      new Browser(new HttpSessions(node.sessions, { initial })),
    ];
    for (const device of [old, other, another]) {
      await login('ada', device);
      await fleet.platform.advance(10);
    }
    await login('ada', old);
    expect((await current(old))?.userId).toBe('ada');
    expect(await current(other)).toBeNull();
    expect((await current(another))?.userId).toBe('ada');
  });

  it.each([1, 2, 5])('leaves exactly %i after 20 logins at once', async (most) => {
    const turns = (count: number) => async () => {
      for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    // Most calls are quick and a few are slow: some logins list when others have not begun, and some when all are there.
    for (let round = 0; round < 10; round += 1) {
      const userId = `user-${round}`;
      node.durable.hook.before = () => turns(Math.floor(40 * systemPlatform.random() ** 4))();
      const devices = Array.from({ length: 20 }, () => limited(most));
      await Promise.all(devices.map((device) => login(userId, device)));
      node.durable.hook.before = () => undefined;
      const left = await node.sessions.listByUser(userId);
      expect(left).toHaveLength(most);
      const found = await Promise.all(devices.map((device) => current(device)));
      expect(found.filter((session) => session !== null)).toHaveLength(most);
    }
  });

  it('does not undo a login where the others cannot be ended, and says so', async () => {
    const failures: BackgroundFailure[] = [];
    const listen = (message: unknown): void => void failures.push(message as BackgroundFailure);
    const channel = backgroundFailure as unknown as Record<'subscribe' | 'unsubscribe', (call: typeof listen) => void>;
    channel.subscribe(listen);
    try {
      await login('ada', limited(1));
      await fleet.platform.advance(10);
      node.durable.hook.before = failing('sessions.listByUser', 'not-sent');
      const device = limited(1);
      expect((await login('ada', device)).userId).toBe('ada');
      expect(failures).toEqual([{ work: 'session-limit', code: 'HOLDFAST_TIER_UNAVAILABLE' }]);
      node.durable.hook.before = () => undefined;
      expect((await current(device))?.userId).toBe('ada');
      expect(await node.sessions.listByUser('ada')).toHaveLength(2);
      await fleet.platform.advance(10);
      await login('ada', limited(1));
      expect(await node.sessions.listByUser('ada')).toHaveLength(1);
    } finally {
      channel.unsubscribe(listen);
    }
  });
});
