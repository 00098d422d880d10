import { primaryTierCases, type PrimaryTierSubject } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { redisTier } from '../../src/tiers/redis/index.ts';
import { startRedisCluster, type RedisCluster } from '../support/servers/redis-cluster.ts';
import { redisFlavours } from '../support/servers/redis.ts';

describe.each(redisFlavours())('the primary tier contract: a cluster of %s', (flavour) => {
  let cluster: RedisCluster;
  const subject: PrimaryTierSubject = {
    makeTier: () => {
      const { urls, username, password, ca } = cluster;
      return redisTier({ cluster: { nodes: urls }, username, password, tls: { ca } });
    },
    namespaces: ['tshop', 'tblog'],
  };

  beforeAll(async () => {
    cluster = await startRedisCluster({ flavour, namespace: 't*' });
  });
  afterAll(() => cluster?.stop());

  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
