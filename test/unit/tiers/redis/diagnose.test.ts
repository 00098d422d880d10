import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { DIAGNOSIS_TIMEOUT_MS } from '../../../../src/limits/primary-tier.ts';
import { diagnoseRedis } from '../../../../src/tiers/redis/diagnosis/diagnose.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

it('a Sentinel that takes the connection and never answers does not hold the doctor up', async () => {
  const sockets: Socket[] = [];
  const frozen = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(frozen, 'listening');
  const endpoint = { host: '127.0.0.1', port: (frozen.address() as AddressInfo).port };
  const access = { credentials: undefined, tls: undefined };
  const platform = new FakePlatform();
  const topology = { kind: 'sentinel', name: 'shop', nodes: [{ endpoint, db: 0, ...access }] } as const;
  const looking = diagnoseRedis(topology, access, { namespace: 'shop', platform, timeoutMs: 250 });
  // The greeting has arrived, and is left without an answer.
  await expect.poll(() => sockets[0]?.bytesRead ?? 0).toBeGreaterThan(0);
  await platform.advance(DIAGNOSIS_TIMEOUT_MS);
  expect(await looking).toEqual({ servers: [] });
  for (const socket of sockets) socket.destroy();
  frozen.close();
});
