import { pipeline, Readable } from 'node:stream';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import express4Framework from 'express4';
import { expressSessions } from 'holdfast/express';
import {
  entriesOf,
  listen,
  queryOf,
  type Answer,
  type Application,
  type Site,
  type Subject,
} from '../support/subject.ts';

export const express5: Subject = { name: 'Express 5', waits: false, start: (site) => start(express(), site) };

/** Does not see the rejection of a handler by itself. */
export const express4: Subject = { name: 'Express 4', waits: false, start: (site) => start(express4Framework(), site) };

function start(app: Express, { sessions, options, routes, onError }: Application): Promise<Site> {
  const session = expressSessions(sessions, options);
  app.use(session);
  for (const { method, path, handle } of entriesOf(routes)) {
    const handler = async (request: Request, response: Response): Promise<void> =>
      send(response, await handle(session.of(request), queryOf(request.url)));
    const caught = (request: Request, response: Response, next: NextFunction): void =>
      void handler(request, response).then(undefined, next);
    if (method === 'GET') app.get(path, caught);
    else app.post(path, caught);
  }
  if (onError !== undefined) {
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      send(response, onError(error)),
    );
  }
  return listen(app);
}

function send(response: Response, { status = 200, headers = {}, body }: Answer): void {
  response.status(status).set(headers);
  if (body === undefined) response.end();
  else if (typeof body === 'string') response.send(body);
  else pipeline(Readable.from(body), response, () => undefined);
}
