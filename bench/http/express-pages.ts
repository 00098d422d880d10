import { createServer, type Server } from 'node:http';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { newSessionData } from '../session-data.ts';
import { HTML, NOBODY, pageOf } from './page.ts';
import type { PageSessions, Seen } from './site.ts';

/** An Express application with the pages that every site has, behind a proxy that speaks TLS. */
export function expressPages(middleware: RequestHandler, sessions: PageSessions<Request>): Server {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('trust proxy', '127.0.0.1');
  app.use(middleware);
  app.get('/', (_request, response) => show(response, NOBODY));
  app.get('/me', async (request, response) => show(response, await sessions.read(request)));
  app.post('/visit', async (request, response) => show(response, await sessions.visit(request)));
  app.post('/sign-in', async (request, response) => {
    const data = newSessionData(Number(request.query['user']));
    await sessions.signIn(request, data);
    show(response, data);
  });
  app.use(quietly);
  return createServer(app);
}

/** Answers errors as Express does, without a log line for each. */
const quietly: ErrorRequestHandler = (error: { readonly status?: number }, _request, response, next) => {
  if (response.headersSent) next(error);
  else response.sendStatus(error.status ?? 500);
};

function show(response: Response, data: Seen): void {
  response.set('Content-Type', HTML).send(pageOf(data));
}
