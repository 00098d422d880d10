import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import Koa from 'koa';
import { expressSessions, type RequestSession } from 'holdfast/express';
import { fastifySessions } from 'holdfast/fastify';
import { koaSessions } from 'holdfast/koa';
import type { SessionClient } from '../../src/index.ts';

interface Shop {
  cart: string[];
}

declare const sessions: SessionClient<Shop>;
const options = { initial: (): Shop => ({ cart: [] }) };

// @ts-expect-error the data of a new session is what an application has to say
expressSessions(sessions, {});
// @ts-expect-error and it is the client's
fastifySessions(sessions, { initial: () => ({ basket: [] }) });

// Express 5, node:http and the compatibility layer of node:http2; no type of theirs is touched.
const inExpress = expressSessions(sessions, options);
const shop = express().use(inExpress);
shop.use('/below', inExpress);
shop.get('/cart/:item', async (request, response) => {
  inExpress.of(request) satisfies RequestSession<Shop>;
  const session = await inExpress.of(request).update((data) => void data.cart.push(request.params.item));
  session.data.cart satisfies readonly string[];
  // @ts-expect-error the application's data has no such property
  void session.data.basket;
  response.json((await inExpress.of(request).requireUser()).userId satisfies string);
});
createServer((request, response) => inExpress(request, response, () => void inExpress.of(request)));
createHttp2Server((request, response) => inExpress(request, response, () => void inExpress.of(request)));
// @ts-expect-error a request of the web standard is none of Node's
void (() => inExpress.of(new Request('http://localhost')));

// Fastify, also over HTTP/2, and with a type provider.
const inFastify = fastifySessions(sessions, options);
const plain = fastify();
await plain.register(inFastify);
plain.register(inFastify);
plain.get<{ Params: { item: string } }>('/cart/:item', async (request) => {
  inFastify.of(request) satisfies RequestSession<Shop>;
  const { data } = await inFastify.of(request).update((draft) => void draft.cart.push(request.params.item));
  return data.cart satisfies readonly string[];
});
plain.addHook('preHandler', async (request) => void (await inFastify.of(request).requireUser()));
plain.setErrorHandler((_error, request, reply) => void reply.send(inFastify.of(request)));
const overHttp2 = fastify({ http2: true });
await overHttp2.register(inFastify);
overHttp2.get('/', async (request) => (await inFastify.of(request).get())?.data.cart);
const overTls = fastify({ https: {} });
await overTls.register(inFastify);
overTls.get('/', async (request) => (await inFastify.of(request).get())?.data.cart);
interface Provider {
  readonly schema: unknown;
  readonly validator: { item: string };
  readonly serializer: unknown;
}
const provided = fastify().withTypeProvider<Provider>();
await provided.register(inFastify);
provided.get('/:item', { schema: { params: {} } }, async (request) => {
  const { data } = await inFastify.of(request).update((draft) => void draft.cart.push(request.params.item));
  return data.cart;
});
void ((request: FastifyRequest) => inFastify.of(request) satisfies RequestSession<Shop>);

// Koa, with a state and a context of the application's own.
const inKoa = koaSessions(sessions, options);
const site = new Koa<{ locale: string }, { now: Date }>();
site.use(inKoa);
site.use(async (context) => {
  context.state.locale satisfies string;
  inKoa.of(context) satisfies RequestSession<Shop>;
  context.body = (await inKoa.of(context).login('u_42', { data: { cart: [] } })).data.cart;
  // @ts-expect-error the data is the application's
  void inKoa.of(context).login('u_42', { data: { basket: [] } });
});
