import { Readable } from 'node:stream';
import type { RequestSession } from 'holdfast/express';
import type { Shop } from './shop.ts';
import { handlerOf, queryOf, type Answer, type Routes } from './subject.ts';

/** Answers a request by its route. */
export async function respond(routes: Routes, request: Request, session: RequestSession<Shop>): Promise<Response> {
  return responseOf(await handlerOf(routes, request.method, request.url)(session, queryOf(request.url)));
}

export function responseOf({ status = 200, headers = {}, body }: Answer): Response {
  const isStream = typeof body === 'object';
  return new Response(isStream ? (Readable.toWeb(Readable.from(body)) as ReadableStream) : body, { status, headers });
}
