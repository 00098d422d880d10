import { HoldfastStore } from 'holdfast/express-session';
import Koa, { type Context } from 'koa';
import koaSession, { type CreateSessionOptions } from 'koa-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { until } from '../../support/servers/until.ts';
import { callsOf } from '../../support/store-calls.ts';
import { Gate, Jar, memorySessions, serve } from './site.ts';

const MINUTE = 60_000;
type Values = Record<string, unknown>;
type SessionOfKoa = Values & { maxAge: number; save(): Promise<void>; regenerate(): Promise<void> };

async function aSite(options: CreateSessionOptions = {}, gates: Readonly<Record<string, Gate>> = {}) {
  const sessions = await memorySessions({ maxLifetime: '30d' });
  const store = new HoldfastStore<never>(sessions);
  const app = new Koa();
  app.silent = true;
  app.keys = ['keyboard cat'];
  app.use(koaSession({ store, ...options }, app));
  app.use(async (ctx: Context) => {
    const { pathname, searchParams } = new URL(ctx.url, 'http://site');
    const session = ctx['session'] as SessionOfKoa;
    const body = Object.fromEntries(searchParams);
    await gates[pathname.slice(1)]?.pass();
    if (pathname === '/logout') ctx['session'] = null;
    else if (pathname === '/maxAge') session.maxAge = Number(body['ms']);
    else if (pathname === '/replace') ctx['session'] = body;
    else Object.assign(session, body);
    if (pathname === '/save') await session.save();
    if (pathname === '/regenerate') await session.regenerate();
    if (pathname === '/fail') ctx.throw(500);
    ctx.body = JSON.stringify(ctx['session']);
  });
  const listener = app.callback();
  const origin = await serve((request, response) => void listener(request, response));
  return { origin, sessions, store, calls: callsOf(store), jar: new Jar() };
}

async function revisionOf(sessions: Awaited<ReturnType<typeof memorySessions>>): Promise<number[]> {
  const found: number[] = [];
  for await (const { revision } of sessions.all()) found.push(revision);
  return found;
}

const later = (ms: number): void => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });

describe('koa-session on HoldfastStore', () => {
  afterEach(() => void vi.useRealTimers());

  it('keeps what a browser stores', async () => {
    const { origin, jar } = await aSite();
    await jar.send(`${origin}/?cart=tea&cookie=mine`);
    expect(await jar.json(origin)).toEqual({ cart: 'tea', cookie: 'mine' });
    expect(await new Jar().json(origin)).toEqual({});
  });

  it('stores nothing and sets no cookie for a visitor who stores nothing', async () => {
    const { origin, jar, calls } = await aSite();
    expect((await jar.send(origin)).cookies).toEqual([]);
    expect(await calls.length()).toBe(0);
  });

  it.each([true, false])('writes nothing where a request changed nothing, with rolling: %s', async (rolling) => {
    const { origin, jar, sessions } = await aSite({ rolling });
    await jar.send(`${origin}/?cart=tea`);
    expect((await jar.send(origin)).cookies.length > 0).toBe(rolling);
    await jar.send(`${origin}/save`);
    expect(await revisionOf(sessions)).toEqual([1]);
  });

  it('ends a session maxAge after it was stored', async () => {
    const { origin, jar, calls } = await aSite({ maxAge: 10 * MINUTE });
    await jar.send(`${origin}/?cart=tea`);
    const kept = jar.copy();
    later(10 * MINUTE + 1);
    expect(await kept.json(origin)).toEqual({});
    later(10_000);
    expect(await calls.length()).toBe(0);
  });

  it('renews a session that is used in the second half of its life', async () => {
    const { origin, jar, calls } = await aSite({ maxAge: 10 * MINUTE, renew: true });
    await jar.send(`${origin}/?cart=tea`);
    const kept = jar.copy();
    later(6 * MINUTE);
    expect((await kept.send(origin)).cookies).not.toEqual([]);
    await until(async () => Object.values((await calls.all())!)[0]?.['_expire'] === Date.now() + 10 * MINUTE);
    later(9 * MINUTE);
    expect(await kept.json(origin)).toEqual({ cart: 'tea' });
  });

  it("keeps a session of maxAge 'session' for the client's lifetime", async () => {
    const { origin, jar } = await aSite({ maxAge: 'session' });
    const { cookies } = await jar.send(`${origin}/?cart=tea`);
    expect(cookies.join()).not.toContain('expires=');
    const kept = jar.copy();
    later(29 * MINUTE);
    expect(await kept.json(origin)).toEqual({ cart: 'tea' });
    later(31 * MINUTE);
    expect(await kept.json(origin)).toEqual({});
  });

  it('stores another maxAge that a handler gives', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/?cart=tea`);
    await jar.send(`${origin}/maxAge?ms=${20 * MINUTE}`);
    expect(Object.values((await calls.all())!)).toMatchObject([{ cart: 'tea', _maxAge: 20 * MINUTE }]);
  });

  it('ends a session that is set to null, and replaces one that is set to another object', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/?cart=tea`);
    await jar.send(`${origin}/replace?theme=dark`);
    expect(await jar.json(origin)).toEqual({ theme: 'dark' });
    const stolen = jar.copy();
    await jar.send(`${origin}/logout`);
    expect(await calls.length()).toBe(0);
    expect(await stolen.json(origin)).toEqual({});
  });

  it('regenerate() gives another id, and the old one is dead', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.send(`${origin}/?cart=tea`);
    const before = jar.copy();
    await jar.send(`${origin}/regenerate?user=ada`);
    expect(await jar.json(origin)).toEqual({ cart: 'tea', user: 'ada' });
    expect(await before.json(origin)).toEqual({});
    expect(await calls.length()).toBe(1);
  });

  it('stores also what a handler changed before it failed, as koa-session does', async () => {
    const { origin, jar } = await aSite();
    await jar.send(`${origin}/?cart=tea`);
    expect((await jar.send(`${origin}/fail?note=1`)).status).toBe(500);
    expect(await jar.json(origin)).toEqual({ cart: 'tea', note: '1' });
  });

  it('takes ids of genid, with a prefix and from a header', async () => {
    const { origin, jar, calls } = await aSite({
      genid: () => 'made up',
      externalKey: {
        get: (ctx: Context) => ctx.get('x-session'),
        set: (ctx: Context, key: string) => ctx.set('x-session', key),
      },
    });
    const { headers } = await jar.send(`${origin}/?cart=tea`);
    expect(headers.get('x-session')).toBe('made up');
    expect(await jar.json(origin, { headers: { 'x-session': 'made up' } })).toEqual({ cart: 'tea' });
    expect(Object.keys((await calls.all())!)).toEqual(['made up']);
  });

  it('loses nothing of thirty requests that overlap, each with another name', async () => {
    const { origin, jar } = await aSite();
    await jar.send(`${origin}/?cart=tea`);
    const names = Array.from({ length: 30 }, (_, at) => `n${at}`);
    await Promise.all(names.map((name) => jar.send(`${origin}/?${name}=1`)));
    expect(Object.keys(await jar.json<Values>(origin))).toEqual(expect.arrayContaining([...names, 'cart']));
  });

  it.each(['', 'note=1'])('does not bring back a session by a request (%j) that overlaps the logout', async (query) => {
    const slow = new Gate();
    const { origin, jar, calls } = await aSite({ rolling: true }, { slow });
    await jar.send(`${origin}/?user=ada`);
    const stolen = jar.copy();
    const writing = stolen.send(`${origin}/slow?${query}`);
    await slow.arrived;
    await jar.send(`${origin}/logout`);
    slow.open();
    expect((await writing).status).toBe(200);
    expect(await calls.length()).toBe(0);
    expect(await stolen.json(origin)).toEqual({});
  });
});
