import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { webSessions } from 'holdfast/web';
import { isHoldfastError } from '../../../src/index.ts';
import { listen, type Subject } from '../support/subject.ts';
import { respond, responseOf } from '../support/web-answer.ts';

/** No framework: a function from `Request` to `Response`, as Bun, Deno and Nitro serve it, on a bridge to `node:http`. */
export const web: Subject = {
  name: 'the web standard',
  waits: true,
  start({ sessions, options, routes, onError }) {
    const answerError = (error: unknown): Response | undefined => {
      if (onError !== undefined) return responseOf(onError(error));
      return isHoldfastError(error) ? undefined : new Response('Sorry.', { status: 500 });
    };
    const session = webSessions(sessions, { ...options, onError: answerError });
    const handle = session.handle((request, mine) => respond(routes, request, mine));
    return listen(
      (incoming, outgoing) => void handle(requestOf(incoming)).then((response) => send(response, outgoing)),
    );
  },
};

function requestOf({ method = 'GET', url = '/', headersDistinct }: IncomingMessage): Request {
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return new Request(new URL(url, 'http://localhost'), { method, headers });
}

function send(response: Response, outgoing: ServerResponse): void {
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (response.body === null || outgoing.destroyed) outgoing.end();
  else pipeline(Readable.fromWeb(response.body), outgoing, () => undefined);
}
