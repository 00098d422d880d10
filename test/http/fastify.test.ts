import cookiePlugin from '@fastify/cookie';
import fastify, { type FastifyInstance } from 'fastify';
import { fastifySessions } from 'holdfast/fastify';
import { describe, expect, it } from 'vitest';
import { httpContract } from './contract.ts';
import { oneNode } from './support/one-node.ts';
import { initial } from './support/shop.ts';
import type { Site } from './support/subject.ts';
import { http1 } from './support/transport.ts';
import { fastifyHttp1 } from './subjects/fastify.ts';

httpContract(fastifyHttp1);

const { sessions, visit } = oneNode();
const SESSION_COOKIE: unknown = expect.stringMatching(/^__Host-sid=[\w-]{43}\./);

async function served(app: FastifyInstance): Promise<Site> {
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  return { origin, transport: http1, close: () => app.close() };
}

describe('with Fastify, the cookie', () => {
  it('leaves with a reply that the handler took over, and with one that it wrote past Fastify', async () => {
    const app = fastify();
    const session = fastifySessions(await sessions(), { initial });
    await app.register(session);
    app.get('/hijacked', async (request, reply) => {
      reply.hijack();
      await session.of(request).login('u_42');
      reply.raw.writeHead(200, { 'Set-Cookie': 'theme=dark', 'Content-Type': 'text/plain' });
      reply.raw.end('past Fastify');
    });
    app.get('/raw', async (request, reply) => {
      await session.of(request).login('u_42');
      reply.raw.end('past Fastify');
      return reply;
    });
    const site = await served(app);
    const hijacked = await visit(site).get('/hijacked');
    expect([hijacked.body, hijacked.cookies]).toEqual(['past Fastify', ['theme=dark', SESSION_COOKIE]]);
    const raw = await visit(site).get('/raw');
    expect([raw.body, raw.cookies]).toEqual(['past Fastify', [SESSION_COOKIE]]);
  });

  it.each(['before', 'after'])('leaves once beside those of @fastify/cookie, registered %s it', async (when) => {
    const app = fastify();
    const session = fastifySessions(await sessions(), { initial });
    if (when === 'before') await app.register(cookiePlugin);
    await app.register(session);
    if (when === 'after') await app.register(cookiePlugin);
    app.get('/', async (request, reply) => {
      await session.of(request).login('u_42');
      return reply.setCookie('theme', 'dark').send('Welcome.');
    });
    const { cookies } = await visit(await served(app)).get('/');
    expect(cookies.toSorted()).toEqual([SESSION_COOKIE, 'theme=dark; SameSite=Lax']);
  });

  it('leaves once where another onSend hook throws, and the error is answered', async () => {
    const app = fastify();
    const session = fastifySessions(await sessions(), { initial });
    await app.register(session);
    let isFirst = true;
    app.addHook('onSend', async () => {
      if (!isFirst) return;
      isFirst = false;
      throw new Error('a hook that fails');
    });
    app.get('/', async (request) => (await session.of(request).login('u_42')).userId);
    const reply = await visit(await served(app)).get('/');
    expect([reply.status, reply.cookies]).toEqual([500, [SESSION_COOKIE]]);
  });
});

it('with Fastify, app.inject() shows the cookie as a server does', async () => {
  const app = fastify();
  const session = fastifySessions(await sessions(), { initial });
  await app.register(session);
  app.post('/login', async (request) => (await session.of(request).login('u_42')).userId);
  app.get('/me', async (request) => (await session.of(request).requireUser()).userId);
  const { cookies } = await app.inject({ method: 'POST', url: '/login' });
  expect(cookies).toMatchObject([{ name: '__Host-sid', path: '/', httpOnly: true, secure: true, sameSite: 'Lax' }]);
  const page = await app.inject({ url: '/me', cookies: { '__Host-sid': cookies[0]!.value } });
  expect(page.body).toBe('u_42');
  await app.close();
});

describe('with Fastify, the session', () => {
  it('is there for the routes of other plugins, for hooks, and for the handlers of errors and of unknown paths', async () => {
    const app = fastify();
    const session = fastifySessions(await sessions(), { initial });
    await app.register(session);
    app.addHook('preHandler', async (request) => void (await session.of(request).update((shop) => void shop.count++)));
    await app.register(async (inner) => {
      inner.get('/below', async (request) => (await session.of(request).get())?.data.count);
    });
    app.get('/fails', () => Promise.reject(new Error('a handler that fails')));
    app.setErrorHandler(async (_error, request) => ({ count: (await session.of(request).get())?.data.count }));
    app.setNotFoundHandler(async (request, reply) => {
      const { data } = await session.of(request).update((shop) => void (shop.count += 10));
      return reply.code(404).send({ count: data.count });
    });
    const browser = visit(await served(app));
    expect((await browser.get('/below')).body).toBe('1');
    expect((await browser.get('/fails')).body).toBe('{"count":2}');
    expect((await browser.get('/nowhere')).body).toBe('{"count":13}');
  });

  it('is asked for in vain where the plugin is not registered, with an error that says so', async () => {
    const app = fastify();
    const session = fastifySessions(await sessions(), { initial });
    app.get('/', async (request) => session.of(request).get());
    const reply = await visit(await served(app)).get('/');
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      500,
      expect.objectContaining({ code: 'HOLDFAST_CONFIGURATION', message: expect.stringContaining('session.of') }),
    ]);
  });
});
