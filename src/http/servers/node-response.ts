import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { carry, type ResponseHead } from '../cookie/cookie-sink.ts';

type Headers = OutgoingHttpHeader[] | OutgoingHttpHeaders;
type WriteHead = (status: number, ...rest: (Headers | string | null | undefined)[]) => unknown;

/** The common parts of the responses of `node:http` and `node:http2`. */
export interface NodeResponse {
  readonly headersSent: boolean;
  writeHead(status: number, message?: string): unknown;
  hasHeader(name: string): boolean;
  removeHeader(name: string): void;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  appendHeader(name: string, value: string | string[]): unknown;
}

/**
 * Adds what `head` keeps to the response's headers, however these are sent: `writeHead`, `end`, a pipe. Headers that the application
 * gives to `writeHead` are set first, so that they cannot overwrite a cookie. Where `head` is empty, they pass untouched.
 */
export function carryWithHeaders(response: NodeResponse, head: ResponseHead): void {
  const writeHead = response.writeHead.bind(response) as WriteHead;
  response.writeHead = (status: number, ...rest: (Headers | string | null | undefined)[]): unknown => {
    if (head.isEmpty) {
      const answer = writeHead(status, ...rest);
      response.writeHead = writeHead;
      head.leave();
      return answer;
    }
    const [first, second] = rest;
    const message = typeof first === 'string' ? first : undefined;
    const headers = second ?? (message === undefined ? first : undefined);
    // Throws where Node refuses a header, as above: the application may still answer, and the cookie goes with that answer.
    if (typeof headers === 'object' && headers !== null) putHeaders(response, headers);
    response.writeHead = writeHead;
    const change = head.leave();
    if (change !== undefined) carry(change, targetOf(response));
    return message === undefined ? writeHead(status) : writeHead(status, message);
  };
}

/** Replaces headers of the response, as `writeHead` does. A name that repeats within an array appends. */
function putHeaders(response: NodeResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
    return;
  }
  const all = pairs(headers);
  for (const [name] of all) response.removeHeader(name);
  for (const [name, value] of all) response.appendHeader(name, textOf(value));
}

/**
 * Returns the pairs of both forms of an array that Node accepts: `[name, value, name, value]`, and `[[name, value],
 * …]`.
 */
function pairs(headers: OutgoingHttpHeader[]): [string, OutgoingHttpHeader][] {
  if (Array.isArray(headers[0])) return headers as unknown as [string, OutgoingHttpHeader][];
  return Array.from({ length: Math.ceil(headers.length / 2) }, (_, at) => [
    String(headers[2 * at]),
    headers[2 * at + 1] as OutgoingHttpHeader,
  ]);
}

function textOf(value: OutgoingHttpHeader): string | string[] {
  return typeof value === 'number' ? String(value) : value;
}

function targetOf(response: NodeResponse): Parameters<typeof carry>[1] {
  return {
    has: (name) => response.hasHeader(name),
    set: (name, value) => void response.setHeader(name, value),
    append: (name, value) => void response.appendHeader(name, value),
  };
}
