import { beforeEach, describe, expect, it } from 'vitest';
import { PREVIOUS_KEY_LOOKUP_MS } from '../../../src/limits/durable-tier.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser } from '../../support/browser.ts';
import { MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
const initial = (): Shop => ({ cart: [] });
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
const post = { method: 'POST' };

/** A browser that has an anonymous session with a book in its cart. */
beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial }));
  await browser.send((visit) => visit.update(put('book')), post);
});

/** A write that somebody else's came before is tried again after a moment. */
async function afterRetries<R>(call: Promise<R>): Promise<R> {
  call.catch(() => undefined);
  await fleet.platform.advance(1_000);
  return call;
}

const current = () => browser.send((visit) => visit.get());

describe('a login in another tab', () => {
  it('makes the write of a request that saw the session before a conflict, without a cookie', async () => {
    const slow = browser.visit(post);
    await slow.session.get();
    await browser.send((visit) => visit.login('ada'), post);
    await expect(afterRetries(slow.session.update(put('pen')))).rejects.toMatchObject({
      code: 'HOLDFAST_SESSION_NOT_FOUND',
      status: 409,
    });
    expect(slow.answer().cookies).toEqual([]);
    expect((await current())?.userId).toBe('ada');
  });

  it('makes the first look of a write with the old cookie a conflict, and the next one succeeds', async () => {
    const slow = browser.visit(post);
    await browser.send((visit) => visit.login('ada'), post);
    await expect(slow.session.update(put('pen'))).rejects.toMatchObject({
      code: 'HOLDFAST_SESSION_MOVED',
      status: 409,
      retryable: true,
    });
    expect(slow.answer().cookies).toEqual([]);
    const again = await browser.send((visit) => visit.update(put('pen')), post);
    expect({ userId: again.userId, cart: again.data.cart }).toEqual({ userId: 'ada', cart: ['book', 'pen'] });
  });

  it('makes a poll with the old cookie a page without a session, which leaves the new cookie alone', async () => {
    const poll = browser.visit();
    await browser.send((visit) => visit.login('ada'), post);
    expect(await poll.session.get()).toBeNull();
    expect(poll.answer()).toEqual({ cookies: [], isPrivate: false });
    expect((await current())?.userId).toBe('ada');
  });

  it('loses against a logout: the new session ends with the old id', async () => {
    const [login, logout] = [browser.visit(post), browser.visit(post)];
    const { id } = await login.session.login('ada');
    await logout.session.logout();
    expect(await node.sessions.get(id)).toBeNull();
    login.answer();
    logout.answer();
    expect(browser.cookie).toBeUndefined();
  });

  it('loses against a logout that has seen the old session gone', async () => {
    const [login, logout] = [browser.visit(post), browser.visit(post)];
    const { id } = await login.session.login('ada');
    expect(await logout.session.get()).toBeNull();
    await logout.session.logout();
    expect(await node.sessions.get(id)).toBeNull();
  });

  it('may come twice: both succeed, and either cookie is a session of the user', async () => {
    const tabs = [browser.visit(post), browser.visit(post)];
    const sessions = await Promise.all(tabs.map(({ session }) => session.login('ada')));
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(2);
    for (const tab of tabs) {
      tab.answer();
      expect((await current())?.userId).toBe('ada');
    }
  });

  it('does not keep the old id alive', async () => {
    const held = browser.cookie ?? '';
    const open = browser.visit();
    await open.session.get();
    await browser.send((visit) => visit.login('ada'), post);
    const thief = new Browser(new HttpSessions(node.sessions, { initial }));
    thief.jar.set(thief.name, held);
    expect(await thief.send((visit) => visit.get())).toBeNull();
    await expect(thief.send((visit) => visit.update(put('x')), post)).rejects.toMatchObject({ status: 409 });
    await expect(afterRetries(open.session.update(put('x')))).rejects.toMatchObject({ status: 409 });
    await expect(thief.send((visit) => visit.requireUser())).rejects.toMatchObject({ status: 401 });
  });
});

describe('a cookie whose session is gone', () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ['was ended', (id) => node.sessions.destroy(id)],
    ['has expired', () => fleet.platform.advance(31 * 60_000)],
    [
      'moved half a minute ago',
      async (id) => {
        await node.sessions.regenerate(id, { userId: 'ada' });
        await fleet.platform.advance(PREVIOUS_KEY_LOOKUP_MS + 1);
      },
    ],
  ])('begins another one with the next update, if it %s', async (_, end) => {
    const old = browser.cookie;
    await end(old?.slice(0, 43) ?? '');
    const session = await browser.send((visit) => visit.update(put('new')), post);
    expect(session.data.cart).toEqual(['new']);
    expect(session.userId).toBeUndefined();
    expect(browser.cookie).not.toBe(old);
  });

  it('is asked about once, in the database, and only where a session would begin', async () => {
    await node.sessions.destroy(browser.cookie?.slice(0, 43) ?? '');
    const lookUps = () => node.durable.calls.filter((call) => call === 'sessions.findRegenerated').length;
    await current();
    expect(lookUps()).toBe(0);
    await browser.send((visit) => visit.update(put('new')), post);
    expect(lookUps()).toBe(1);
  });
});

describe('a logout in another tab', () => {
  it('makes a slow write a conflict, and stays a logout', async () => {
    await browser.send((visit) => visit.login('ada'), post);
    const slow = browser.visit(post);
    await slow.session.get();
    await browser.send((visit) => visit.logout(), post);
    await expect(afterRetries(slow.session.update(put('pen')))).rejects.toMatchObject({
      code: 'HOLDFAST_SESSION_NOT_FOUND',
    });
    expect(slow.answer().cookies).toEqual([]);
    expect(browser.cookie).toBeUndefined();
  });

  it('is not undone by a request that saw the session alive, and whose strong read failed', async () => {
    const slow = browser.visit(post);
    await slow.session.get();
    node.durable.hook.before = refuse;
    await expect(slow.session.get({ consistency: 'strong' })).rejects.toMatchObject({ status: 503 });
    node.durable.hook.before = () => undefined;
    await browser.send((visit) => visit.logout(), post);
    await expect(afterRetries(slow.session.update(put('pen')))).rejects.toMatchObject({ status: 409 });
    expect(slow.answer().cookies).toEqual([]);
  });
});

describe('two users in one browser', () => {
  it('are never mixed up: the session of the other one is ended, whichever answer comes last', async () => {
    await browser.send((visit) => visit.login('ada'), post);
    await browser.send((visit) => visit.update(put('of ada')), post);
    const [bob, ada] = [browser.visit(post), browser.visit(post)];
    await ada.session.get();
    expect((await bob.session.login('bob')).data.cart).toEqual([]);
    await expect(afterRetries(ada.session.update(put('more of ada')))).rejects.toMatchObject({ status: 409 });
    bob.answer();
    ada.answer();
    const end = await current();
    expect({ userId: end?.userId, cart: end?.data.cart }).toEqual({ userId: 'bob', cart: [] });
  });
});

describe('parallel requests of one browser', () => {
  it('lose no write', async () => {
    const visits = Array.from({ length: 30 }, () => browser.visit(post));
    await Promise.all(visits.map(({ session }, at) => session.update(put(`item ${at}`))));
    expect((await current())?.data.cart).toHaveLength(31);
  });
});
