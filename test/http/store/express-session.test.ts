import type session from 'express-session';
import { HoldfastStore } from 'holdfast/express-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import { until } from '../../support/servers/until.ts';
import { callsOf } from '../../support/store-calls.ts';
import { expressSite, type SiteOptions, type Values } from './express-site.ts';
import { Gate, Jar, memorySessions, serve } from './site.ts';

const MINUTE = 60_000;

async function aSite(options: SiteOptions = {}, sessions?: SessionClient) {
  const client = sessions ?? (await memorySessions({ maxLifetime: '30d' }));
  const store = new HoldfastStore<never>(client);
  const { app, errors } = expressSite(store, options);
  return { origin: await serve(app), store, errors, calls: callsOf(store), sessions: client, jar: new Jar() };
}

function later(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

const expiryOf = (line = ''): number => Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '');

describe('express-session on HoldfastStore', () => {
  afterEach(() => void vi.useRealTimers());

  it("keeps each browser's data apart from that of the others", async () => {
    const { origin, jar } = await aSite();
    const other = new Jar();
    await jar.send(`${origin}/set/cart/tea`);
    await other.send(`${origin}/set/cart/milk`);
    expect(await jar.json(origin)).toMatchObject({ cart: 'tea' });
    expect(await other.json(origin)).toMatchObject({ cart: 'milk' });
    expect(Object.keys(await jar.json<Values>(origin))).toEqual(['cookie', 'cart']);
  });

  it('begins a new session for a cookie that was altered, or whose session is unknown', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/set/cart/tea`);
    const altered = new Jar([['connect.sid', `${jar.cookie('connect.sid')!.slice(0, -3)}abc`]]);
    expect(await altered.json(origin)).not.toHaveProperty('cart');
    await calls.clear();
    const before = jar.cookie('connect.sid');
    expect(await jar.json(`${origin}/count`)).toMatchObject({ count: 1 });
    expect(jar.cookie('connect.sid')).not.toBe(before);
  });

  it('keeps several sessions of one browser apart by the names of their cookies', async () => {
    const sessions = await memorySessions();
    const shop = await aSite({ name: 'shop' }, sessions);
    const desk = await aSite({ name: 'desk' }, sessions);
    await shop.jar.send(`${shop.origin}/set/cart/tea`);
    await shop.jar.send(`${desk.origin}/set/ticket/7`);
    expect(await shop.jar.json(shop.origin)).not.toHaveProperty('ticket');
    expect(await shop.jar.json(desk.origin)).toMatchObject({ ticket: '7' });
    expect(await shop.calls.length()).toBe(2);
  });

  describe('saveUninitialized', () => {
    it('false: stores nothing and sets no cookie for a visitor who stores nothing', async () => {
      const { origin, jar, calls } = await aSite();
      expect((await jar.send(origin)).cookies).toEqual([]);
      expect(await calls.length()).toBe(0);
    });

    it('true: stores a session for each visitor', async () => {
      const { origin, jar, calls } = await aSite({ saveUninitialized: true });
      expect((await jar.send(origin)).cookies).toHaveLength(1);
      expect(await calls.length()).toBe(1);
    });
  });

  it.each([false, true])('resave: %s writes nothing where a request changed nothing', async (resave) => {
    const { origin, jar, sessions, store } = await aSite({ resave });
    await jar.send(`${origin}/set/cart/tea`);
    const set = vi.spyOn(store, 'set');
    await jar.send(origin);
    expect(set).toHaveBeenCalledTimes(resave ? 1 : 0);
    const id = sessions.idFor(await jar.json<string>(`${origin}/id`));
    expect((await sessions.get(id))?.revision).toBe(1);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])('rolling: %s sets the cookie %i times in a request that changes nothing', async (rolling, times) => {
    const { origin, jar } = await aSite({ rolling, cookie: { maxAge: 10 * MINUTE } });
    await jar.send(`${origin}/set/cart/tea`);
    expect((await jar.send(origin)).cookies).toHaveLength(times);
  });

  describe('cookie.maxAge', () => {
    it('ends an unused session, in the browser and here', async () => {
      const { origin, jar, calls } = await aSite({ cookie: { maxAge: 10 * MINUTE } });
      const { cookies } = await jar.send(`${origin}/set/cart/tea`);
      expect(Math.abs(expiryOf(cookies[0]) - Date.now() - 10 * MINUTE)).toBeLessThan(5_000);
      const stolen = jar.copy();
      later(10 * MINUTE + 1);
      expect(await stolen.json(origin)).not.toHaveProperty('cart');
      expect(await calls.length()).toBe(0);
    });

    it('slides with each request', async () => {
      // express-session reads the clock twice for a maxAge, and takes the time between for a part of it.
      later(0);
      const { origin, jar, calls } = await aSite({ cookie: { maxAge: 10 * MINUTE } });
      await jar.send(`${origin}/set/cart/tea`);
      const cookies = jar.copy();
      for (let page = 1; page <= 4; page += 1) {
        later(9 * MINUTE);
        expect(await cookies.json(origin), `page ${page}`).toMatchObject({ cart: 'tea' });
        // The database is updated within a second.
        await until(async () => {
          const [stored] = Object.values((await calls.all())!);
          return stored?.cookie.expires?.getTime() === Date.now() + 10 * MINUTE;
        });
      }
    });

    it('is stored with the next response where a handler changes it', async () => {
      const { origin, jar } = await aSite({ rolling: true });
      await jar.send(`${origin}/set/cart/tea`);
      expect(await jar.json(`${origin}/maxAge`)).toBeNull();
      await jar.send(`${origin}/cookie/maxAge/${7 * 24 * 60 * MINUTE}`);
      expect(await jar.json(`${origin}/maxAge`)).toBeGreaterThan(6 * 24 * 60 * MINUTE);
      const kept = jar.copy();
      later(6 * 24 * 60 * MINUTE);
      expect(await kept.json(origin)).toMatchObject({ cart: 'tea' });
    });

    it('of null makes a cookie for as long as the browser is open', async () => {
      const { origin, jar } = await aSite({ cookie: { maxAge: 10 * MINUTE } });
      await jar.send(`${origin}/set/cart/tea`);
      await jar.send(`${origin}/cookie/expires/null`);
      const { cookies } = await jar.send(`${origin}/set/cart/milk`);
      expect(cookies).toEqual([]);
      expect(await jar.json(`${origin}/maxAge`)).toBeNull();
    });

    it('in the past ends the session', async () => {
      const { origin, jar, calls } = await aSite();
      await jar.send(`${origin}/set/cart/tea`);
      await jar.send(`${origin}/cookie/maxAge/-1`);
      expect(await calls.length()).toBe(0);
    });
  });

  it('keeps the attributes of a cookie, and changes of them', async () => {
    const { origin, jar } = await aSite({
      rolling: true,
      cookie: { sameSite: 'lax', httpOnly: false, priority: 'high' },
    });
    await jar.send(`${origin}/set/cart/tea`);
    expect((await jar.send(origin)).cookies[0]).toMatch(/^connect\.sid=[^;]+; Path=\/; Priority=High; SameSite=Lax$/);
    await jar.send(`${origin}/cookie/sameSite/"strict"`);
    await jar.send(`${origin}/cookie/httpOnly/true`);
    expect((await jar.send(origin)).cookies[0]).toMatch(/; HttpOnly; Priority=High; SameSite=Strict$/);
  });

  it('touch() makes the session last from now on', async () => {
    const { origin, jar, calls } = await aSite({ cookie: { maxAge: MINUTE } });
    await jar.send(`${origin}/set/cart/tea`);
    const before = Object.values((await calls.all())!)[0]!.cookie.expires!;
    later(30_000);
    await jar.send(`${origin}/touch`);
    const after = Object.values((await calls.all())!)[0]!.cookie.expires!;
    expect(after.getTime() - before.getTime()).toBeGreaterThanOrEqual(30_000);
  });

  it('destroy() ends the session, and the cookie that is left finds nothing', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/set/cart/tea`);
    expect((await jar.send(`${origin}/logout`)).cookies).toEqual([]);
    expect(await jar.json(origin)).not.toHaveProperty('cart');
    expect(await calls.length()).toBe(0);
  });

  it.each([
    ['destroy', 0],
    ['keep', 1],
  ] as const)("unset: '%s' leaves %i sessions when req.session is set to null", async (unset, left) => {
    const { origin, jar, calls } = await aSite({ unset });
    await jar.send(`${origin}/set/cart/tea`);
    await jar.send(`${origin}/unset`);
    expect(await calls.length()).toBe(left);
  });

  it('regenerate() gives another id and an empty session, and the old id is dead', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/set/cart/tea`);
    const before = jar.copy();
    expect(await jar.json(`${origin}/regenerate`)).toBe(true);
    await jar.send(`${origin}/set/user/ada`);
    expect(await jar.json(origin)).toMatchObject({ user: 'ada' });
    expect(await jar.json(origin)).not.toHaveProperty('cart');
    expect(await before.json(origin)).not.toHaveProperty('cart');
    expect(await calls.length()).toBe(1);
  });

  it('save() has stored the session when it calls back, so that a redirect finds it', async () => {
    const { origin, jar, store } = await aSite();
    const set = vi.spyOn(store, 'set');
    const reply = await jar.send(`${origin}/save`);
    expect(reply.status).toBe(303);
    expect(set).toHaveBeenCalledTimes(1);
    expect(await jar.json(origin)).toMatchObject({ saved: true });
  });

  it('reload() returns what another request has stored, and drops the changes of this one', async () => {
    const gate = new Gate();
    const { origin, jar } = await aSite({ gates: { gate } });
    await jar.send(`${origin}/set/cart/tea`);
    const reloading = jar.json(`${origin}/reload/gate`);
    await gate.arrived;
    await jar.send(`${origin}/set/theme/dark`);
    gate.open();
    const reloaded = await reloading;
    expect(reloaded).toMatchObject({ cart: 'tea', theme: 'dark' });
    expect(reloaded).not.toHaveProperty('mine');
    expect(await jar.json(origin)).toEqual(reloaded);
  });

  it('reload() fails where the session has ended', async () => {
    const gate = new Gate();
    const { origin, jar, errors } = await aSite({ gates: { gate } });
    await jar.send(`${origin}/set/cart/tea`);
    const reloading = jar.send(`${origin}/reload/gate`);
    await gate.arrived;
    await jar.send(`${origin}/logout`);
    gate.open();
    expect((await reloading).status).toBe(500);
    expect(errors).toMatchObject([{ error: { message: 'failed to load session' } }]);
  });

  it('takes any id that genid gives', async () => {
    let next = 0;
    const { origin, jar, calls } = await aSite({ genid: () => `user ${(next += 1)} %/ü` });
    await jar.send(`${origin}/set/cart/tea`);
    expect(await jar.json(`${origin}/id`)).toBe('user 1 %/ü');
    expect(Object.keys((await calls.all())!)).toEqual(['user 1 %/ü']);
  });

  it("gives a script the session with all of the middleware's methods by load()", async () => {
    const { origin, jar, store, calls } = await aSite();
    await jar.send(`${origin}/set/cart/tea`);
    const sid = await jar.json<string>(`${origin}/id`);
    const loaded = await new Promise<session.Session & Values>((resolve, reject) => {
      store.load(sid, (error, value) =>
        error ? reject(error) : resolve(value as unknown as session.Session & Values),
      );
    });
    loaded['note'] = 'by a script';
    await new Promise<void>((resolve, reject) => {
      loaded.save((error) => (error ? reject(error) : resolve()));
    });
    expect(await jar.json(origin)).toMatchObject({ cart: 'tea', note: 'by a script' });
    expect(await calls.length()).toBe(1);
  });

  describe('requests that overlap', () => {
    it('all keep what they stored: thirty of them, each another name', async () => {
      const { origin, jar } = await aSite();
      await jar.send(`${origin}/set/cart/tea`);
      const names = Array.from({ length: 30 }, (_, at) => `n${at}`);
      const replies = await Promise.all(names.map((name) => jar.send(`${origin}/set/${name}/1`)));
      expect(replies.map(({ status }) => status)).toEqual(names.map(() => 200));
      expect(Object.keys(await jar.json<Values>(origin))).toEqual(expect.arrayContaining([...names, 'cart']));
    });

    it('do not bring back a session whose user has logged out meanwhile', async () => {
      const gate = new Gate();
      const { origin, jar, calls, errors } = await aSite({ gates: { gate } });
      await jar.send(`${origin}/set/user/ada`);
      const slow = jar.send(`${origin}/slow/note/gate`);
      await gate.arrived;
      await jar.send(`${origin}/logout`);
      gate.open();
      expect(await slow).toMatchObject({ status: 200, body: 'slow' });
      expect(await calls.length()).toBe(0);
      expect(await jar.json(origin)).not.toHaveProperty('user');
      expect(errors).toEqual([]);
    });

    it('do not overwrite each other by reading, with resave and rolling', async () => {
      const gate = new Gate();
      const { origin, jar } = await aSite({ gates: { gate }, resave: true, rolling: true });
      await jar.send(`${origin}/set/cart/tea`);
      const slow = jar.send(`${origin}/slow/note/gate`);
      await gate.arrived;
      await jar.send(`${origin}/set/cart/milk`);
      gate.open();
      await slow;
      expect(await jar.json(origin)).toMatchObject({ cart: 'milk', note: true });
    });
  });
});
