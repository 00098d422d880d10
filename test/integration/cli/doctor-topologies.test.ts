import { expect, it } from 'vitest';
import { Settings } from '../../../src/cli/config/settings.ts';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import { collect } from '../../../src/cli/doctor/collect.ts';
import { generateKeyRing, SessionClient } from '../../../src/index.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { redisTier, type RedisTierOptions } from '../../../src/tiers/redis/index.ts';
import { sentinelOptions } from '../../support/real-sentinel.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { startRedisCluster } from '../../support/servers/redis-cluster.ts';
import { startRedisSentinel } from '../../support/servers/redis-sentinel.ts';

const ring = generateKeyRing();

const DIRECTIVES = { maxmemory: '64mb', 'maxmemory-policy': 'volatile-ttl' };

const healthyCertificates = async () => (await createAuthority()).issue({ days: 25 });

/** Returns the codes of what the doctor finds at these servers, with their names. */
async function foundAt(options: RedisTierOptions): Promise<string[]> {
  const client = new SessionClient({
    keys: await ring,
    primary: redisTier(options),
    durable: memoryDurableTier(),
  });
  const settings = new Settings({ text: () => undefined }, {});
  const facts = await collect({ client, settings, env: {}, keyAgeMsMax: 86_400_000 });
  await client.close();
  return findingsIn(facts).map(({ code, found }) => `${code}: ${found}`);
}

it('looks at each node of a cluster that is named', { timeout: 120_000 }, async () => {
  const certificates = await healthyCertificates();
  const options = { masters: 2, replicas: 0, fullCoverage: true, directives: DIRECTIVES, certificates };
  await using cluster = await startRedisCluster(options);
  const { urls, username, password, ca } = cluster;
  const access = { username, password, tls: { ca } };
  const client = { cluster: { nodes: urls }, ...access };
  expect(await foundAt(client)).toEqual([]);

  const [first = ''] = urls;
  expect(await foundAt({ url: first, ...access })).toEqual([expect.stringContaining('redis-misconfigured')]);

  const second = cluster.node(1);
  await second.config('maxmemory', '0');
  expect(await foundAt(client)).toEqual(['redis-maxmemory: node 2 has no maxmemory']);
  await second.config('maxmemory', '64mb');

  // Only a user that may read it finds out about the setting, and that is a finding too.
  await second.cli('ACL', 'SETUSER', username, '+config|get');
  expect(await foundAt(client)).toEqual([
    'redis-user-commands: node 2 allows the user CONFIG',
    'redis-full-coverage: node 2 refuses all commands while one master is down',
  ]);
  await second.cli('ACL', 'SETUSER', username, '-config|get');

  await second.cli('CLUSTER', 'DELSLOTS', '16383');
  await expect
    .poll(async () => foundAt(client), { timeout: 30_000 })
    .toEqual([expect.stringContaining('redis-cluster-down')]);
});

it('looks at the master that Sentinels name', { timeout: 120_000 }, async () => {
  const certificates = await healthyCertificates();
  await using set = await startRedisSentinel({ directives: DIRECTIVES, certificates });
  const options = sentinelOptions(set.coordinates);
  expect(await foundAt(options)).toEqual([]);
  const master = await set.master();
  await master.config('maxmemory-policy', 'noeviction');
  expect(await foundAt(options)).toEqual(['redis-noeviction: the master has maxmemory-policy noeviction']);
});
