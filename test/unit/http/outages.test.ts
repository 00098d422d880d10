import { beforeEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/http/exchange.ts';
import { revokeKey } from '../../../src/index.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser } from '../../support/browser.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';
import { failing, MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
const initial = (): Shop => ({ cart: [] });
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
const post = { method: 'POST' };
const unavailable = {
  code: 'HOLDFAST_TIER_UNAVAILABLE',
  status: 503,
  statusCode: 503,
  headers: { 'retry-after': '2', 'cache-control': 'no-store' },
};

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial }));
  await browser.send((visit) => visit.login('ada'), post);
});

const goDown = (): void => {
  node.durable.hook.before = refuse;
  node.primary.hook.before = refuse;
};

/** Breakers close after a while. */
async function comeBack(): Promise<void> {
  node.heal();
  await fleet.platform.advance(30_000);
}

describe('while both tiers are down', () => {
  it.each<[string, (session: Exchange<Shop>) => Promise<unknown>]>([
    ['get', (session) => session.get()],
    ['a strong get', (session) => session.get({ consistency: 'strong' })],
    ['update', (session) => session.update(put('book'))],
    ['login', (session) => session.login('ada')],
    ['login of another user', (session) => session.login('bob')],
    ['logout', (session) => session.logout()],
    ['logoutEverywhere', (session) => session.logoutEverywhere()],
    ['devices', (session) => session.devices()],
    ['logoutDevice', (session) => session.logoutDevice('x')],
    ['requireUser', (session) => session.requireUser()],
    ['requireFresh', (session) => session.requireFresh()],
  ])('%s is a 503 without a cookie, and the user is signed in afterwards', async (_, call) => {
    goDown();
    const { session, answer } = browser.visit(post);
    await expect(call(session)).rejects.toMatchObject(unavailable);
    expect(answer().cookies).toEqual([]);
    await comeBack();
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
  });

  it('a visitor without a cookie still has no session, and cannot begin one', async () => {
    goDown();
    const visitor = new Browser(new HttpSessions(node.sessions, { initial }));
    expect(await visitor.send((visit) => visit.get())).toBeNull();
    await expect(visitor.send((visit) => visit.update(put('book')), post)).rejects.toMatchObject(unavailable);
    expect(visitor.cookie).toBeUndefined();
  });

  it('the next call of the same request tries again', async () => {
    goDown();
    const { session } = browser.visit();
    await expect(session.get()).rejects.toMatchObject(unavailable);
    await comeBack();
    expect((await session.get())?.userId).toBe('ada');
    expect((await session.update(put('book'))).data.cart).toEqual(['book']);
  });
});

describe('while the database is down', () => {
  it('pages that only read go on', async () => {
    await browser.send((visit) => visit.get());
    node.durable.hook.before = refuse;
    const session = await browser.send((visit) => visit.get());
    expect(session?.servedBy).toBe('primary');
  });

  it.each<[string, (session: Exchange<Shop>) => Promise<unknown>]>([
    ['update', (session) => session.update(put('book'))],
    ['login', (session) => session.login('bob')],
  ])('%s fails without a cookie, and leaves the session as it is', async (_, call) => {
    await browser.send((visit) => visit.get());
    node.durable.hook.before = refuse;
    const before = browser.cookie;
    const { session, answer } = browser.visit(post);
    await expect(call(session)).rejects.toMatchObject(unavailable);
    expect(answer().cookies).toEqual([]);
    await comeBack();
    expect(browser.cookie).toBe(before);
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
  });

  it('a login over the session of another user, which cannot be ended, leaves no session of the new one', async () => {
    node.durable.hook.before = failing('sessions.revoke', 'not-sent');
    const { session, answer } = browser.visit(post);
    await expect(session.login('bob')).rejects.toMatchObject({ status: 503 });
    expect(answer().cookies).toEqual([]);
    node.heal();
    await fleet.platform.advance(60_000);
    expect(await node.sessions.listByUser('bob')).toEqual([]);
  });

  it('a write whose outcome is unknown is a 503 as well', async () => {
    await browser.send((visit) => visit.get());
    node.durable.hook.before = (method) => failing(method, 'ambiguous')(method);
    const { session, answer } = browser.visit(post);
    await expect(session.update(put('book'))).rejects.toMatchObject({ status: 503, headers: unavailable.headers });
    expect(answer().cookies).toEqual([]);
  });
});

describe('while Redis is down', () => {
  it('everything goes on', async () => {
    node.cutFromPrimary();
    expect((await browser.send((visit) => visit.update(put('book')), post)).data.cart).toEqual(['book']);
    expect((await browser.send((visit) => visit.login('ada'), post)).data.cart).toEqual(['book']);
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
    await browser.send((visit) => visit.logout(), post);
    expect(await browser.send((visit) => visit.get())).toBeNull();
  });
});

describe('a revoked key', () => {
  it('that sealed the session signs its user out, who may sign in again', async () => {
    const { old, promoted } = await ringsOfRotation();
    const nodes = new KeyFleet(old);
    const { sessions } = await nodes.ready();
    const visitor = new Browser(new HttpSessions(sessions, { initial }));
    await visitor.send((visit) => visit.login('ada'), post);
    nodes.shelf.put(revokeKey(promoted, { kid: old.sealingKey.kid }));
    await settled();
    const { session, answer } = visitor.visit(post);
    expect(await session.get()).toBeNull();
    expect(await session.get({ consistency: 'strong' })).toBeNull();
    await expect(session.requireUser()).rejects.toMatchObject({ status: 401 });
    expect((await session.update(put('book'))).data.cart).toEqual(['book']);
    answer();
    expect((await visitor.send((visit) => visit.get()))?.data.cart).toEqual(['book']);
    expect((await visitor.send((visit) => visit.login('ada'), post)).userId).toBe('ada');
  });
});
