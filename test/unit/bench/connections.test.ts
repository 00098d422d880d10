import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Connections } from '../../../bench/http/connections.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n';
const TIMEOUT_MS = 5_000;

async function connectionsTo(listener: RequestListener, timeoutMs = TIMEOUT_MS) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const opened: unknown[] = [];
  server.on('connection', (socket) => opened.push(socket));
  const connections = new Connections((server.address() as AddressInfo).port, timeoutMs);
  onTestFinished(() => {
    connections[Symbol.dispose]();
    server.close();
  });
  return { connections, opened };
}

it('a connection is used again once its answer is whole, in however many pieces that comes', async () => {
  const { connections, opened } = await connectionsTo((_request, response) => {
    response.writeHead(200, { 'content-length': 20_000, 'set-cookie': 'sid=1' });
    response.write('a'.repeat(10_000), () => response.end('b'.repeat(10_000)));
  });
  for (let count = 0; count < 3; count += 1) {
    const { status, head, bodyBytes } = await connections.request(REQUEST);
    expect([status, bodyBytes]).toEqual([200, 20_000]);
    expect(head).toMatch(/^set-cookie: sid=1$/im);
  }
  expect(opened).toHaveLength(1);
});

it('requests at the same time have connections of their own', async () => {
  const waiting: (() => void)[] = [];
  const { connections, opened } = await connectionsTo((_request, response) => {
    waiting.push(() => response.writeHead(503, { 'content-length': 0 }).end());
    if (waiting.length === 2) for (const answer of waiting) answer();
  });
  const replies = await Promise.all([connections.request(REQUEST), connections.request(REQUEST)]);
  expect(replies.map(({ status }) => status)).toEqual([503, 503]);
  expect(opened).toHaveLength(2);
});

it('a request fails where the server says nothing, or hangs up, and the next has a new connection', async () => {
  let requests = 0;
  const listener: RequestListener = (request, response) => {
    requests += 1;
    if (requests === 2) request.socket.destroy();
    if (requests > 2) response.writeHead(200, { 'content-length': 0 }).end();
  };
  const { connections } = await connectionsTo(listener, 50);
  await expect(connections.request(REQUEST)).rejects.toThrow('no answer in time');
  await expect(connections.request(REQUEST)).rejects.toThrow();
  expect((await connections.request(REQUEST)).status).toBe(200);
});
