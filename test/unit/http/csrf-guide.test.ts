import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { expect, it } from 'vitest';

/** As docs/guides/csrf-and-cookies.md has it. */
const isForeign = (method: string, from = '') =>
  !['GET', 'HEAD', 'OPTIONS'].includes(method) && ['cross-site', 'same-site'].includes(from);

const frameworks: readonly (readonly [string, () => Promise<RequestListener>])[] = [
  [
    'Express',
    async () => {
      const app = express();
      app.use((req, res, next) => {
        if (isForeign(req.method, req.get('sec-fetch-site'))) res.sendStatus(403);
        else next();
      });
      return app.use((_req, res) => void res.send('done'));
    },
  ],
  [
    'Fastify',
    async () => {
      const api = fastify();
      api.addHook('onRequest', async (request, reply) => {
        if (isForeign(request.method, String(request.headers['sec-fetch-site'] ?? ''))) return reply.code(403).send();
      });
      api.route({ method: ['GET', 'POST'], url: '/', handler: async () => 'done' });
      await api.ready();
      return (request, response) => api.routing(request, response);
    },
  ],
  [
    'Koa',
    async () => {
      const site = new Koa();
      site.use(async (ctx, next) => {
        if (isForeign(ctx.method, ctx.get('sec-fetch-site'))) ctx.status = 403;
        else await next();
      });
      site.use((ctx) => void (ctx.body = 'done'));
      const listener = site.callback();
      return (request, response) => void listener(request, response);
    },
  ],
  [
    'Hono',
    async () => {
      const edge = new Hono();
      edge.use(async (c, next) => {
        if (isForeign(c.req.method, c.req.header('sec-fetch-site'))) return c.body(null, 403);
        return next();
      });
      edge.all('/', (c) => c.text('done'));
      const listener = getRequestListener(edge.fetch);
      return (request, response) => void listener(request, response);
    },
  ],
];

it.each(frameworks)(
  'the check of the guide refuses in %s what comes from elsewhere, and nothing else',
  async (_name, open) => {
    const server = createServer(await open()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const statusOf = async (method: string, from?: string): Promise<number> =>
      (await fetch(origin, { method, headers: from === undefined ? {} : { 'sec-fetch-site': from } })).status;
    expect(await statusOf('POST', 'cross-site')).toBe(403);
    expect(await statusOf('POST', 'same-site')).toBe(403);
    expect(await statusOf('POST', 'same-origin')).toBe(200);
    expect(await statusOf('POST')).toBe(200);
    expect(await statusOf('GET', 'cross-site')).toBe(200);
    server.closeAllConnections();
    server.close();
  },
);
