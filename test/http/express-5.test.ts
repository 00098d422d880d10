import { createServer, ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expressSessions } from 'holdfast/express';
import { describe, expect, it } from 'vitest';
import { createAuthority } from '../support/servers/certificates.ts';
import { httpContract } from './contract.ts';
import { oneNode } from './support/one-node.ts';
import { initial } from './support/shop.ts';
import { listen } from './support/subject.ts';
import { http1, http2 } from './support/transport.ts';
import { express5 } from './subjects/express.ts';

httpContract(express5);

const { sessions, visit } = oneNode();
const SESSION_COOKIE: unknown = expect.stringMatching(/^__Host-sid=[\w-]{43}\./);

describe('with Express, the session', () => {
  it('is one for a request, however often the middleware is used, in routers too', async () => {
    const session = expressSessions(await sessions(), { initial });
    const router = express.Router().use(session);
    router.get('/cart', async (request, response) => {
      await session.of(request).update((shop) => void shop.count++);
      response.json((await session.of(request).get())?.data.count);
    });
    const app = express().use(session);
    app.use('/shop', router);
    const browser = visit(await listen(app));
    const first = await browser.get('/shop/cart');
    expect([first.body, first.cookies]).toEqual(['1', [SESSION_COOKIE]]);
    expect((await browser.get('/shop/cart')).body).toBe('2');
  });

  it('is asked for in vain where the middleware did not run, with an error that says so', async () => {
    const session = expressSessions(await sessions(), { initial });
    const app = express();
    const codes: unknown[] = [];
    app.get('/', (request) => void session.of(request));
    app.use((error: { code?: string }, _request: unknown, response: express.Response, _next: unknown) => {
      codes.push(error.code);
      response.sendStatus(500);
    });
    await visit(await listen(app)).get('/');
    expect(codes).toEqual(['HOLDFAST_CONFIGURATION']);
  });

  it('does not begin where the response had left before the middleware', async () => {
    const client = await sessions();
    const session = expressSessions(client, { initial });
    const app = express();
    app.use((_request, response, next) => (response.write('early '), next()), session);
    app.post('/', (request, response) => {
      const login = session.of(request).login('u_42');
      void login.then(() => response.end('signed in')).catch(({ code }: { code: string }) => response.end(code));
    });
    const reply = await visit(await listen(app)).post('/');
    expect(reply.body).toBe('early HOLDFAST_RESPONSE_STARTED');
    expect(await client.listByUser('u_42')).toEqual([]);
  });

  it('is found by the handshake of a WebSocket, which cannot begin one', async () => {
    const session = expressSessions(await sessions(), { initial });
    const app = express().use(session);
    app.post('/', async (request, response) => void response.send((await session.of(request).login('u_42')).userId));
    const server = createServer(app).on('upgrade', (request, socket) => {
      session(request, new ServerResponse(request).writeHead(101), () => {
        const mine = session.of(request);
        const login = mine.login('u_43').catch(({ code }: { code: string }) => code);
        void Promise.all([mine.requireUser(), login]).then(([{ userId }, code]) => {
          socket.end(`HTTP/1.1 401 Unauthorized\r\nX-Seen: ${userId} ${String(code)}\r\n\r\n`);
        });
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const browser = visit({
      origin,
      transport: http1,
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    });
    await browser.post('/');
    const handshake = await browser.get('/', { headers: { connection: 'upgrade', upgrade: 'websocket' } });
    expect(handshake.headers['x-seen']).toBe('u_42 HOLDFAST_RESPONSE_STARTED');
  });

  it('of two applications in one have a cookie each', async () => {
    const shop = expressSessions(await sessions(), { initial });
    const admin = expressSessions(await sessions(), { initial, cookie: { name: '__Host-admin' } });
    const app = express().use(shop, admin);
    app.post('/', async (request, response) => {
      await shop.of(request).login('u_42');
      await admin.of(request).login('u_1');
      response.writeHead(200, [['Set-Cookie', 'theme=dark']] as never).end();
    });
    app.get('/', async (request, response) => {
      const both = [await shop.of(request).requireUser(), await admin.of(request).requireUser()];
      response.json(both.map(({ userId }) => userId));
    });
    const browser = visit(await listen(app));
    const { cookies } = await browser.post('/');
    const names = cookies.map((line) => line.split('=')[0] ?? '');
    expect(names.toSorted()).toEqual(['__Host-admin', '__Host-sid', 'theme']);
    expect((await browser.get('/')).body).toBe('["u_42","u_1"]');
  });
});

it('the middleware of Express also serves node:http2 by its compatible interface', async () => {
  const session = expressSessions(await sessions(), { initial });
  const { ca, certificate, privateKey } = await (await createAuthority()).issue();
  const server = createSecureServer({ cert: certificate, key: privateKey }, (request, response) => {
    session(request, response, () => {
      const answered =
        request.method === 'POST' ? session.of(request).login('u_42') : session.of(request).requireUser();
      void answered.then(({ userId }) => response.end(userId));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = http2(origin, ca);
  const browser = visit({
    origin,
    transport: client.transport,
    async close() {
      client.close();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  expect((await browser.post('/')).cookies).toEqual([SESSION_COOKIE]);
  expect((await browser.get('/')).body).toBe('u_42');
});
