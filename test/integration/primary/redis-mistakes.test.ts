import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { ReconnectingClient } from '../../../src/tiers/redis/connection/reconnecting-client.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import { until } from '../../support/servers/until.ts';

it('a server that looks misconfigured is tried again soon, and at longer pauses while it does', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { address: host, port } = server.address() as AddressInfo;

  const pauses: number[] = [];
  const platform: Platform = {
    ...systemPlatform,
    random: () => 1,
    after(delayMs, callback, kind) {
      pauses.push(delayMs);
      return systemPlatform.after(0, callback, kind);
    },
  };
  const options = { endpoint: { host, port }, db: 0, credentials: undefined, tls: undefined };
  const client = new ReconnectingClient(options, platform, { onConnect() {}, onReady() {}, onEnd() {} });
  onTestFinished(() => client.close());
  client.connect();
  await until(() => pauses.length > 8, { what: 'nine attempts' });
  expect(client.lastFailure).toMatchObject({ kind: 'misconfigured', reason: 'protocol' });
  expect(pauses.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  // One that is fit to serve has made no mistake.
  client.accept();
  const before = pauses.length;
  await until(() => pauses.length > before, { what: 'another attempt' });
  expect(pauses[before]).toBe(500);
});
