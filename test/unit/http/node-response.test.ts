import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { ResponseHead } from '../../../src/http/cookie/cookie-sink.ts';
import { carryWithHeaders } from '../../../src/http/servers/node-response.ts';
import type { CookieChange } from '../../../src/http/cookie/session-cookie.ts';

const cookie = (value = 'ours', name = '__Host-sid'): CookieChange => ({
  name,
  value,
  attributes: {
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    partitioned: false,
    domain: undefined,
    maxAge: undefined,
  },
});
const OURS = '__Host-sid=ours; Path=/; HttpOnly; SameSite=Lax; Secure';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(ending.splice(0).map((end) => end()));
});

/** One request to a server whose handler runs with a head that already holds our cookie. */
async function answerOf(
  handler: (response: ServerResponse, head: ResponseHead, incoming: IncomingMessage) => void,
  { method = 'GET', before = (head: ResponseHead) => head.set(cookie()) } = {},
) {
  const listener: RequestListener = (incoming, response) => {
    const head = new ResponseHead();
    before(head);
    carryWithHeaders(response, head);
    handler(response, head, incoming);
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  ending.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number; message: string; rawNames: string[]; headers: IncomingMessage['headers'] }>(
    (resolve, reject) => {
      const outgoing = request({ port, host: '127.0.0.1', method, agent: false }, (answer) => {
        answer.resume();
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            message: answer.statusMessage ?? '',
            rawNames: answer.rawHeaders.filter((_, at) => at % 2 === 0),
            headers: answer.headers,
          }),
        );
      });
      outgoing.on('error', reject).end();
    },
  );
}

describe('the cookie on a response of node:http', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['end without writeHead', (response) => response.end('x')],
    ['write, then end', (response) => void (response.write('x'), response.end())],
    ['flushHeaders', (response) => void (response.flushHeaders(), response.end())],
    ['a pipe', (response) => void Readable.from(['a', 'b']).pipe(response)],
    ['writeHead(status)', (response) => response.writeHead(200).end()],
    ['writeHead(status, message)', (response) => response.writeHead(200, 'Fine').end()],
    ['writeHead(status, undefined, headers)', (response) => response.writeHead(200, undefined, { a: 'b' }).end()],
    ['204', (response) => response.writeHead(204).end()],
    ['303', (response) => response.writeHead(303, { Location: '/' }).end()],
    ['304', (response) => response.writeHead(304).end()],
    [
      'writeEarlyHints first',
      (response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.end();
      },
    ],
  ])('goes out with %s, which is not stored', async (_, handler) => {
    const { headers } = await answerOf(handler);
    expect(headers['set-cookie']).toEqual([OURS]);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('goes out with the answer to HEAD', async () => {
    const { headers } = await answerOf((response) => response.end(), { method: 'HEAD' });
    expect(headers['set-cookie']).toEqual([OURS]);
  });

  it.each<[string, Parameters<ServerResponse['writeHead']>[1]]>([
    ['an object', { 'Set-Cookie': 'theirs=1', 'Cache-Control': 'public', 'X-One': 'new' }],
    ['an object with an array', { 'set-cookie': ['theirs=1'], 'cache-control': 'public', 'x-one': 'new' }],
    ['a flat array', ['Set-Cookie', 'theirs=1', 'Cache-Control', 'public', 'X-One', 'new']],
    [
      'an array of pairs',
      [
        ['Set-Cookie', 'theirs=1'],
        ['Cache-Control', 'public'],
        ['X-One', 'new'],
      ] as never,
    ],
  ])('stands beside the cookies that the handler gives to writeHead as %s', async (_, given) => {
    const { status, message, headers } = await answerOf((response) => {
      response.setHeader('X-One', 'old');
      response.setHeader('X-Two', 'kept');
      response.writeHead(201, 'Made', given as never).end();
    });
    expect(headers['set-cookie']).toEqual(['theirs=1', OURS]);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-one': 'new', 'x-two': 'kept' });
    expect({ status, message }).toEqual({ status: 201, message: 'Made' });
  });

  it('keeps every one of the headers that repeat in an array, and those only', async () => {
    const given = ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-Number', 7];
    const { headers } = await answerOf((response) => {
      response.setHeader('Set-Cookie', 'replaced=0');
      response.writeHead(200, given as never).end();
    });
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2', OURS]);
    expect(headers['x-number']).toBe('7');
  });

  it('stands beside the cookies that the handler set on the response', async () => {
    const { headers } = await answerOf((response) => response.setHeader('Set-Cookie', ['a=1', 'b=2']).end());
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2', OURS]);
  });

  it('is the last one of its name, and each name has one', async () => {
    const { headers } = await answerOf((response, head) => {
      head.set(cookie('other', 'sid2'));
      head.set(cookie('newest'));
      response.end();
    });
    expect(headers['set-cookie']?.map((line) => line.split(';')[0])).toEqual(['__Host-sid=newest', 'sid2=other']);
  });

  it('goes with the answer to an error that a refused header was', async () => {
    const { status, headers } = await answerOf((response) => {
      expect(() => response.writeHead(200, { 'X-Bad': 'two\nlines' })).toThrow('Invalid character');
      response.removeHeader('X-Bad');
      response.writeHead(500).end();
    });
    expect(status).toBe(500);
    expect(headers['set-cookie']).toEqual([OURS]);
  });

  it('goes with that answer too where there was none yet when the header was refused', async () => {
    const { headers, status } = await answerOf(
      (response, head) => {
        expect(() => response.writeHead(303, { Location: 'a\r\nb' })).toThrow(TypeError);
        expect(head.isOpen).toBe(true);
        head.set(cookie());
        response.writeHead(500).end();
      },
      { before: () => undefined },
    );
    expect([status, headers['set-cookie']]).toEqual([500, [OURS]]);
  });

  it('goes out once, and closes the head', async () => {
    const { headers } = await answerOf((response, head) => {
      response.writeHead(200);
      expect(head.isOpen).toBe(false);
      head.set(cookie('late'));
      expect(() => response.writeHead(200)).toThrow('after they are sent');
      response.end();
    });
    expect(headers['set-cookie']).toEqual([OURS]);
  });
});

describe('a response without a cookie', () => {
  it('keeps what the handler gives to writeHead, to the letter', async () => {
    const { headers, rawNames } = await answerOf(
      (response) => response.writeHead(200, { 'x-oDD': '1', 'Cache-Control': 'public' }).end(),
      { before: () => undefined },
    );
    expect(rawNames).toContain('x-oDD');
    expect(headers['cache-control']).toBe('public');
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('is private where the request has a session, unless the application says otherwise', async () => {
    const before = (head: ResponseHead) => head.markPrivate();
    const silent = await answerOf((response) => response.end(), { before });
    expect(silent.headers['cache-control']).toBe('private');
    const given = await answerOf((response) => response.writeHead(200, { 'Cache-Control': 'public' }).end(), {
      before,
    });
    expect(given.headers['cache-control']).toBe('public');
    const set = await answerOf((response) => response.setHeader('Cache-Control', 'no-cache').end(), { before });
    expect(set.headers['cache-control']).toBe('no-cache');
    expect(set.headers).not.toHaveProperty('set-cookie');
  });

  it('sets no cache header where the handler used no session', async () => {
    const { headers } = await answerOf((response) => response.end(), { before: () => undefined });
    expect(headers).not.toHaveProperty('cache-control');
  });
});

describe('the cookie on a response of node:http2', () => {
  it.each<[string, (response: http2.Http2ServerResponse) => void]>([
    ['end', (response) => void response.end()],
    ['write', (response) => void (response.write('x'), response.end())],
    ['writeHead', (response) => void response.writeHead(200, { 'set-cookie': 'theirs=1' }).end()],
    ['a pipe', (response) => void Readable.from(['a']).pipe(response)],
  ])('goes out with %s', async (_, handler) => {
    const server = http2.createServer((_incoming, response) => {
      const head = new ResponseHead();
      head.set(cookie());
      carryWithHeaders(response, head);
      handler(response);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    ending.push(
      () => new Promise((resolve) => client.close(() => resolve(undefined))),
      () => new Promise((resolve) => server.close(resolve)),
    );
    const stream = client.request({ ':path': '/' });
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once('response', resolve));
    stream.resume();
    expect(headers['set-cookie']?.at(-1)).toBe(OURS);
    expect(headers['cache-control']).toBe('no-store');
  });
});
