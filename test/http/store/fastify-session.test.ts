import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionOptions } from '@fastify/session';
import fastify, { type FastifyRequest } from 'fastify';
import { HoldfastStore } from 'holdfast/express-session';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { until } from '../../support/servers/until.ts';
import { callsOf } from '../../support/store-calls.ts';
import { Gate, Jar, memorySessions } from './site.ts';

const MINUTE = 60_000;
type Values = Record<string, unknown>;

async function aSite(options: Partial<FastifySessionOptions> = {}, gates: Readonly<Record<string, Gate>> = {}) {
  const sessions = await memorySessions();
  const store = new HoldfastStore<never>(sessions);
  const app = fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: 'a secret that has thirty-two characters',
    store,
    cookie: { secure: false },
    saveUninitialized: false,
    ...options,
  });
  const values = (request: FastifyRequest): Values => request.session as unknown as Values;
  app.get('/', async (request) => request.session);
  app.get('/id', async (request) => JSON.stringify(request.session.sessionId));
  app.post('/set', async (request) => Object.assign(request.session, request.body));
  app.post('/not-returned', async (request, reply) => {
    Object.assign(request.session, request.body);
    void reply.send('stored');
  });
  app.post('/delete', async (request) => void delete values(request)[(request.body as { name: string }).name]);
  app.post('/slow', async (request) => {
    const { gate, ...body } = request.body as { gate: string } & Values;
    await gates[gate]?.pass();
    return Object.assign(request.session, body);
  });
  app.post('/reload', async (request) => {
    await gates['reload']?.pass();
    await request.session.reload();
    return Object.assign(request.session, request.body);
  });
  app.post('/regenerate', async (request) => {
    await request.session.regenerate(['cart']);
    return Object.assign(request.session, request.body);
  });
  app.post('/logout', async (request) => request.session.destroy());
  app.post('/maxAge', async (request) => {
    request.session.cookie.maxAge = (request.body as { maxAge: number }).maxAge;
  });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return { origin, sessions, store, calls: callsOf(store), jar: new Jar() };
}

const revisions = async ({ sessions }: { sessions: Awaited<ReturnType<typeof memorySessions>> }) => {
  const found: number[] = [];
  for await (const { revision } of sessions.all()) found.push(revision);
  return found;
};

describe('@fastify/session on HoldfastStore', () => {
  afterEach(() => void vi.useRealTimers());

  it('keeps the data of a browser, and adds nothing that a handler sees', async () => {
    const { origin, jar } = await aSite();
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    const seen = await jar.json<Values>(origin);
    expect(Object.keys(seen).toSorted()).toEqual(['cart', 'cookie']);
    expect(seen).toMatchObject({ cart: ['tea'] });
  });

  it('answers once where an async handler does not return its reply, goes on, and warns once', async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { origin, jar } = await aSite();
    for (const item of ['tea', 'milk']) {
      expect((await jar.post(`${origin}/not-returned`, { item })).body).toBe('stored');
      expect(await jar.json(origin)).toMatchObject({ item });
    }
    expect(warnings).toMatchObject([{ code: 'HOLDFAST_ANSWERED_TWICE' }]);
  });

  it('stores nothing and sets no cookie for a visitor who stores nothing', async () => {
    const { origin, jar, calls } = await aSite();
    expect((await jar.send(origin)).cookies).toEqual([]);
    expect(await calls.length()).toBe(0);
  });

  it('stores a session for each visitor with saveUninitialized', async () => {
    const { origin, jar, calls } = await aSite({ saveUninitialized: true });
    expect((await jar.send(origin)).cookies).toHaveLength(1);
    expect(await calls.length()).toBe(1);
  });

  it.each([true, false])('writes nothing where a request changed nothing, with rolling: %s', async (rolling) => {
    const site = await aSite({ rolling });
    await site.jar.post(`${site.origin}/set`, { cart: ['tea'] });
    await site.jar.send(site.origin);
    await site.jar.send(site.origin);
    expect(await revisions(site)).toEqual([1]);
  });

  it('ends a session maxAge after its last use, and slides it with rolling', async () => {
    const { origin, jar, calls } = await aSite({ cookie: { secure: false, maxAge: 10 * MINUTE } });
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    const kept = jar.copy();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 9 * MINUTE });
    expect(await kept.json(origin)).toMatchObject({ cart: ['tea'] });
    await until(async () => {
      const [session] = Object.values((await calls.all())!);
      return session?.cookie.expires?.getTime() === Date.now() + 10 * MINUTE;
    });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 9 * MINUTE });
    expect(await kept.copy().json(origin)).toMatchObject({ cart: ['tea'] });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * MINUTE + 1 });
    expect(await kept.json(origin)).not.toHaveProperty('cart');
  });

  it('stores another maxAge that a handler gives', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    await jar.post(`${origin}/maxAge`, { maxAge: 5 * MINUTE });
    const [session] = Object.values((await calls.all())!);
    expect(session).toMatchObject({ cart: ['tea'], cookie: { originalMaxAge: 5 * MINUTE } });
  });

  it('regenerate() gives another id and the names that are to be kept; the old id is dead', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.post(`${origin}/set`, { cart: ['tea'], theme: 'dark' });
    const before = jar.copy();
    const id = await jar.send(`${origin}/id`);
    await jar.post(`${origin}/regenerate`, { user: 'ada' });
    expect((await jar.send(`${origin}/id`)).body).not.toBe(id.body);
    const seen = await jar.json(origin);
    expect(seen).toMatchObject({ cart: ['tea'], user: 'ada' });
    expect(seen).not.toHaveProperty('theme');
    expect(await before.json(origin)).not.toHaveProperty('cart');
    expect(await calls.length()).toBe(1);
  });

  it('destroy() ends the session', async () => {
    const { origin, jar, calls } = await aSite();
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    await jar.post(`${origin}/logout`);
    expect(await jar.json(origin)).not.toHaveProperty('cart');
    expect(await calls.length()).toBe(0);
  });

  it('reload() returns what another request has stored, and a write after it loses nothing', async () => {
    const reload = new Gate();
    const { origin, jar } = await aSite({}, { reload });
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    const reloading = jar.post(`${origin}/reload`, { seen: 1 });
    await reload.arrived;
    await jar.post(`${origin}/set`, { theme: 'dark' });
    reload.open();
    expect(JSON.parse((await reloading).body)).toMatchObject({ cart: ['tea'], theme: 'dark', seen: 1 });
    expect(await jar.json(origin)).toMatchObject({ cart: ['tea'], theme: 'dark', seen: 1 });
  });

  it('loses nothing of thirty requests that overlap, each with a body and another name', async () => {
    const { origin, jar } = await aSite();
    await jar.post(`${origin}/set`, { cart: ['tea'] });
    const names = Array.from({ length: 30 }, (_, at) => `n${at}`);
    await Promise.all(names.map((name) => jar.post(`${origin}/set`, { [name]: 1 })));
    expect(Object.keys(await jar.json<Values>(origin))).toEqual(expect.arrayContaining([...names, 'cart']));
  });

  it('removes what a request deleted, and nothing that another added meanwhile', async () => {
    const slow = new Gate();
    const { origin, jar } = await aSite({}, { slow });
    await jar.post(`${origin}/set`, { cart: ['tea'], old: true });
    const writing = jar.post(`${origin}/slow`, { gate: 'slow', note: 1 });
    await slow.arrived;
    await jar.post(`${origin}/delete`, { name: 'old' });
    await jar.post(`${origin}/set`, { theme: 'dark' });
    slow.open();
    await writing;
    const seen = await jar.json(origin);
    expect(seen).toMatchObject({ cart: ['tea'], theme: 'dark', note: 1 });
    expect(seen).not.toHaveProperty('old');
  });

  it.each(['a page view', 'a write'])('does not bring back a session by %s that overlaps the logout', async (what) => {
    const slow = new Gate();
    const { origin, jar, calls } = await aSite({ rolling: true }, { slow });
    await jar.post(`${origin}/set`, { user: 'ada' });
    const writing = jar.post(`${origin}/slow`, { gate: 'slow', ...(what === 'a write' && { note: 1 }) });
    await slow.arrived;
    await jar.copy().post(`${origin}/logout`);
    slow.open();
    expect((await writing).status).toBe(200);
    expect(await calls.length()).toBe(0);
    expect(await jar.json(origin)).not.toHaveProperty('user');
  });
});
