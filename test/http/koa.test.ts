import Koa from 'koa';
import { koaSessions, type KoaSessions } from 'holdfast/koa';
import { describe, expect, it } from 'vitest';
import { httpContract } from './contract.ts';
import { oneNode } from './support/one-node.ts';
import { initial, type Shop } from './support/shop.ts';
import { listen } from './support/subject.ts';
import { koa } from './subjects/koa.ts';

httpContract(koa);

const { sessions, visit } = oneNode();
const SESSION_COOKIE: unknown = expect.stringMatching(/^__Host-sid=[\w-]{43}\./);

async function site(handle: (context: Koa.Context, session: KoaSessions<Shop>) => Promise<void>) {
  const app = new Koa();
  app.silent = true;
  const session = koaSessions(await sessions(), { initial });
  app.use(session).use((context) => handle(context, session));
  const callback = app.callback();
  return listen((request, response) => void callback(request, response));
}

describe('with Koa, the cookie', () => {
  it('leaves with a response that the handler writes past Koa', async () => {
    const past = await site(async (context, session) => {
      context.respond = false;
      await session.of(context).login('u_42');
      context.res.writeHead(200, { 'Set-Cookie': ['theme=dark'] }).end('past Koa');
    });
    const reply = await visit(past).get('/');
    expect([reply.body, reply.cookies]).toEqual(['past Koa', ['theme=dark', SESSION_COOKIE]]);
  });

  it('leaves with an error, though Koa takes all headers off', async () => {
    const failing = await site(async (context, session) => {
      context.cookies.set('theme', 'dark');
      await session.of(context).login('u_42');
      context.throw(418, 'a teapot');
    });
    const reply = await visit(failing).get('/');
    expect([reply.status, reply.cookies]).toEqual([418, [SESSION_COOKIE]]);
  });

  it('leaves with an error, though the handler did not await its login', async () => {
    const failing = await site(async (context, session) => {
      void session.of(context).login('u_42');
      context.throw(418, 'a teapot');
    });
    expect((await visit(failing).get('/')).cookies).toEqual([SESSION_COOKIE]);
  });
});
