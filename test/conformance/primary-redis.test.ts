import { redisTier } from '../../src/tiers/redis/index.ts';
import { redisFlavours, startRedis } from '../support/servers/redis.ts';
import { describePrimaryTier } from './primary-contract.ts';

for (const flavour of redisFlavours()) {
  describePrimaryTier(flavour, async () => {
    const server = await startRedis({ flavour, namespace: 't*' });
    return {
      makeTier: () => redisTier({ url: server.url, tls: { ca: server.ca! } }),
      namespaces: ['tshop', 'tblog'],
      close: () => server.stop(),
    };
  });
}
