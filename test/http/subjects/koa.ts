import { Readable } from 'node:stream';
import Koa, { type Context } from 'koa';
import { koaSessions } from 'holdfast/koa';
import { handlerOf, listen, queryOf, type Answer, type Subject } from '../support/subject.ts';

export const koa: Subject = {
  name: 'Koa',
  waits: true,
  start({ sessions, options, routes, onError }) {
    const session = koaSessions(sessions, options);
    const app = new Koa();
    app.silent = true;
    if (onError !== undefined) {
      app.use(async (ctx, next) => {
        try {
          await next();
        } catch (error) {
          send(ctx, onError(error));
        }
      });
    }
    app.use(session);
    app.use(async (ctx) => send(ctx, await handlerOf(routes, ctx.method, ctx.url)(session.of(ctx), queryOf(ctx.url))));
    const handle = app.callback();
    return listen((request, response) => void handle(request, response));
  },
};

function send(ctx: Context, { status = 200, headers = {}, body }: Answer): void {
  ctx.status = status;
  ctx.set(headers);
  if (typeof body === 'object') ctx.body = Readable.from(body);
  else if (body !== undefined) ctx.body = body;
}
