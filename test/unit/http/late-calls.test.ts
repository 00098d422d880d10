import type { DurableMethod } from '../../support/durable-methods.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { ResponseStartedError } from '../../../src/errors.ts';
import { ResponseHead } from '../../../src/http/cookie/cookie-sink.ts';
import { Exchange } from '../../../src/http/exchange.ts';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { Browser, type Visit } from '../../support/browser.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { MemoryFleet, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
const post = { method: 'POST' };
const late = { code: 'HOLDFAST_RESPONSE_STARTED', status: 500 };

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }) }));
});

const living = (): number => [...fleet.database.values()].filter(({ revokedAt }) => revokedAt === null).length;

function answered(): Exchange<Shop> {
  const { session, answer } = browser.visit(post);
  answer();
  return session;
}

describe('after the headers have left', () => {
  it.each<[string, (session: Exchange<Shop>) => Promise<unknown>]>([
    ['login', (session) => session.login('ada')],
    ['logout', (session) => session.logout()],
    ['logoutEverywhere', (session) => session.logoutEverywhere()],
  ])('%s is refused before any I/O', async (_, call) => {
    await browser.send((visit) => visit.login('ada'), post);
    const session = answered();
    node.durable.calls.length = 0;
    node.primary.calls.length = 0;
    await expect(call(session)).rejects.toMatchObject(late);
    expect([...node.durable.calls, ...node.primary.calls]).toEqual([]);
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
  });

  it('a first update is refused before any I/O', async () => {
    const session = answered();
    node.durable.calls.length = 0;
    await expect(session.update(put('book'))).rejects.toMatchObject(late);
    expect(node.durable.calls).toEqual([]);
    expect(fleet.database.size).toBe(0);
  });

  it('the own device is not ended, another one is', async () => {
    const phone = new Browser(new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }) }));
    const other = await phone.send((visit) => visit.login('ada'), post);
    const own = await browser.send((visit) => visit.login('ada'), post);
    const session = answered();
    await expect(session.logoutDevice(own.handle)).rejects.toMatchObject(late);
    expect(await session.logoutDevice(other.handle)).toBe(true);
    expect(await session.logoutEverywhere({ keepThis: true })).toBe(0);
    expect((await browser.send((visit) => visit.get()))?.userId).toBe('ada');
  });

  it('a session that there is can be read and written: that needs no cookie', async () => {
    await browser.send((visit) => visit.update(put('book')), post);
    const session = answered();
    expect((await session.update(put('pen'))).data.cart).toEqual(['book', 'pen']);
    expect((await session.get())?.data.cart).toEqual(['book', 'pen']);
  });
});

describe('headers that leave in the middle of', () => {
  /** Lets `call` go on, once it is in a call to the database, after the headers have left. */
  async function overtaken<R>(visit: Visit<Shop>, method: DurableMethod, call: () => Promise<R>) {
    const door = gate();
    node.durable.hook.before = (called) => (called === method ? door.wait() : undefined);
    const running = call();
    running.catch(() => undefined);
    await door.reached;
    const answer = visit.answer();
    node.durable.hook.before = () => undefined;
    door.pass();
    return { answer, running };
  }

  it.each<[string, DurableMethod, (session: Exchange<Shop>) => Promise<unknown>]>([
    ['a login', 'sessions.insert', (session) => session.login('ada')],
    ['a first update', 'sessions.insert', (session) => session.update(put('book'))],
  ])('%s: it is refused, and no session is left that nobody can reach', async (_, method, call) => {
    const visit = browser.visit(post);
    const { answer, running } = await overtaken(visit, method, () => call(visit.session));
    await expect(running).rejects.toMatchObject(late);
    expect(answer.cookies).toEqual([]);
    expect(living()).toBe(0);
    expect(await visit.session.get()).toBeNull();
  });

  it('a login over an anonymous session: neither id lives on', async () => {
    await browser.send((visit) => visit.update(put('book')), post);
    const visit = browser.visit(post);
    const { running } = await overtaken(visit, 'sessions.regenerate', () => visit.session.login('ada'));
    await expect(running).rejects.toMatchObject(late);
    expect(living()).toBe(0);
  });

  it('a logout: the session has ended, and its cookie does no harm', async () => {
    await browser.send((visit) => visit.login('ada'), post);
    const visit = browser.visit(post);
    const { answer, running } = await overtaken(visit, 'sessions.revoke', () => visit.session.logout());
    await running;
    expect(answer.cookies).toEqual([]);
    expect(living()).toBe(0);
    expect(await browser.send((next) => next.get())).toBeNull();
  });

  it('the end of the other sessions after a login: the cookie has left with them', async () => {
    const limited = new Browser(
      new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }), maxSessionsPerUser: 1 }),
    );
    const visit = limited.visit(post);
    const { answer, running } = await overtaken(visit, 'sessions.listByUser', () => visit.session.login('ada'));
    await running;
    expect(answer.cookies).toHaveLength(1);
    expect((await limited.send((next) => next.get()))?.userId).toBe('ada');
  });
});

describe('where the session may only be read', () => {
  it.each<[string, (session: Exchange<Shop>) => Promise<unknown>]>([
    ['update', (session) => session.update(put('book'))],
    ['login', (session) => session.login('ada')],
    ['logout', (session) => session.logout()],
    ['logoutEverywhere', (session) => session.logoutEverywhere({ keepThis: true })],
    ['logoutDevice', (session) => session.logoutDevice('any')],
  ])('%s is refused before any I/O, and reads go on', async (name, call) => {
    await browser.send((visit) => visit.login('ada'), post);
    const sink = Object.assign(new ResponseHead(), {
      requireWritable: (what: string) => Promise.reject(new ResponseStartedError(what, 'only read')),
    });
    const http = new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }) });
    const session = new Exchange(http, { method: 'GET', header: () => browser.jar.header }, sink);
    node.durable.calls.length = 0;
    node.primary.calls.length = 0;
    await expect(call(session)).rejects.toMatchObject({ ...late, message: `${name}: only read.` });
    expect([...node.durable.calls, ...node.primary.calls]).toEqual([]);
    expect((await session.requireUser()).userId).toBe('ada');
  });
});

describe('a call that is not awaited', () => {
  it('and that fails is an unhandled rejection, as of any other promise', async () => {
    const unhandled = await unhandledDuring(async () => {
      const session = answered();
      void session.logout();
      void session.login('ada');
      session.update(put('book')).catch(() => undefined);
      await session.settled();
    });
    expect(unhandled).toEqual([expect.objectContaining(late), expect.objectContaining(late)]);
  });
});

/** What Node would end the process for. */
async function unhandledDuring(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', (error) => unhandled.push(error));
  try {
    await work();
    // Node looks for them when no promise is left to run.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
  return unhandled;
}

describe('settled', () => {
  it('waits for calls that are not awaited, one after another, also for those that fail', async () => {
    const { session, answer } = browser.visit(post);
    const ends: string[] = [];
    void session.update(put('book')).then(() => ends.push('update'));
    void session.logoutEverywhere().catch(() => ends.push('refused'));
    void session.login('ada').then(() => {
      ends.push('login');
      void session.update(put('pen')).then(() => ends.push('another update'));
    });
    await session.settled();
    expect(ends).toEqual(['update', 'refused', 'login', 'another update']);
    answer();
    expect((await browser.send((visit) => visit.get()))?.data.cart).toEqual(['book', 'pen']);
  });

  it('resolves at once where nothing was called', async () => {
    await browser.visit().session.settled();
  });
});
