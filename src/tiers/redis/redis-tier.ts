import { oneServerTier } from '../one-server.ts';
import type { PrimaryTier } from '../primary.ts';
import { ClusterTier } from './cluster/cluster-tier.ts';
import { resolveRedisOptions, type RedisTierOptions } from './options/redis-options.ts';
import { SingleRedis } from './single-redis.ts';

/**
 * Redis or Valkey as the primary tier, over TLS, with authentication: one server, the master that Sentinels name, or a cluster. Connects
 * when the session client opens it.
 *
 * @throws {ConfigurationError} an option is missing, malformed or unsafe.
 * @example
 * const primary = redisTier({ url: 'rediss://redis.internal:6379', username: 'shop', password, tls: { ca } });
 */
export function redisTier(options: RedisTierOptions): PrimaryTier {
  const { topology, ...access } = resolveRedisOptions(options);
  if (topology.kind === 'cluster') return new ClusterTier(topology, access);
  return oneServerTier('redis', new SingleRedis(topology, access));
}
