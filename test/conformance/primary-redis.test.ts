import { primaryTierCases, type PrimaryTierSubject } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { redisTier } from '../../src/tiers/redis/index.ts';
import { sentinelOptions } from '../support/real-sentinel.ts';
import { startRedisSentinel, type RedisSentinel } from '../support/servers/redis-sentinel.ts';
import { redisFlavours, startRedis, type RedisServer } from '../support/servers/redis.ts';

describe.each(redisFlavours())('the primary tier contract: %s', (flavour) => {
  let server: RedisServer;
  const subject: PrimaryTierSubject = {
    makeTier: () => redisTier({ url: server.url, tls: { ca: server.ca! } }),
    namespaces: ['tshop', 'tblog'],
  };

  beforeAll(async () => {
    server = await startRedis({ flavour, namespace: 't*' });
  });
  afterAll(() => server?.stop());

  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});

describe('the primary tier contract: a master that Sentinels name', () => {
  let set: RedisSentinel;
  const subject: PrimaryTierSubject = {
    makeTier: () => redisTier(sentinelOptions(set.coordinates)),
    namespaces: ['tshop', 'tblog'],
  };

  beforeAll(async () => {
    set = await startRedisSentinel({ namespace: 't*' });
  });
  afterAll(() => set?.stop());

  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
