import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';

type Headers = OutgoingHttpHeader[] | OutgoingHttpHeaders;

/** What the responses of `node:http` and of `node:http2` have in common. */
export interface NodeResponse {
  writeHead(status: number, message?: string): unknown;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  appendHeader(name: string, value: string | string[]): unknown;
}

/**
 * Calls `change` right before the response's headers are sent, however they are sent: `writeHead`, `end`, a pipe. What the application
 * gives to `writeHead` is put onto the response first, so that it cannot overwrite what `change` appends.
 */
export function beforeHeaders(response: NodeResponse, change: () => void): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (status: number, ...rest: (Headers | string | undefined)[]) => {
    response.writeHead = writeHead;
    const [first, second] = rest;
    const message = typeof first === 'string' ? first : undefined;
    const headers = typeof first === 'object' ? first : second;
    if (typeof headers === 'object') putHeaders(response, headers);
    change();
    return message === undefined ? writeHead(status) : writeHead(status, message);
  };
}

/** As `writeHead` does it: later headers replace those of the response; a name that repeats within them appends. */
function putHeaders(response: NodeResponse, headers: Headers): void {
  const seen = new Set<string>();
  for (const [name, value] of pairs(headers)) {
    if (value === undefined) continue;
    if (seen.has(name.toLowerCase())) response.appendHeader(name, textOf(value));
    else response.setHeader(name, value);
    seen.add(name.toLowerCase());
  }
}

/** Both forms of an array that Node takes: `[name, value, name, value]`, and `[[name, value], …]`. */
function pairs(headers: Headers): [string, OutgoingHttpHeader | undefined][] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as unknown as [string, OutgoingHttpHeader][];
  return Array.from({ length: headers.length / 2 }, (_, at) => [String(headers[2 * at]), headers[2 * at + 1]]);
}

function textOf(value: OutgoingHttpHeader): string | string[] {
  return typeof value === 'number' ? String(value) : value;
}
