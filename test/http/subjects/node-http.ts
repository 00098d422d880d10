import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { expressSessions } from 'holdfast/express';
import { handlerOf, listen, queryOf, type Answer, type Subject } from '../support/subject.ts';

/** No framework at all: the application writes the heads of its responses itself, and answers errors by what they carry. */
export const nodeHttp: Subject = {
  name: 'node:http',
  waits: false,
  start({ sessions, options, routes, onError = asItSays }) {
    const session = expressSessions(sessions, options);
    return listen((request, response) => {
      session(request, response, () => {
        const handle = handlerOf(routes, request.method, request.url);
        const answered = (async () => handle(session.of(request), queryOf(request.url)))().catch(onError);
        void answered.then((answer) => send(response, answer));
      });
    });
  },
};

function asItSays(error: unknown): Answer {
  const { statusCode = 500, headers = {} } = error as { statusCode?: number; headers?: Record<string, string> };
  return { status: statusCode, headers, body: 'Sorry.' };
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Answer): void {
  response.writeHead(status, headers);
  if (typeof body === 'string') response.end(body);
  else pipeline(Readable.from(body), response, () => undefined);
}
