import {
  resolveRedisOptions,
  type RedisSentinelOptions,
  type RedisServerOptions,
} from '../../src/tiers/redis/options/redis-options.ts';
import { SingleRedis } from '../../src/tiers/redis/single-redis.ts';

/** The only shard of a tier with these options, to be opened by itself. */
export function singleRedis(options: RedisSentinelOptions | RedisServerOptions): SingleRedis {
  const { topology, ...access } = resolveRedisOptions(options);
  if (topology.kind === 'cluster') throw new TypeError('a cluster has several shards');
  return new SingleRedis(topology, access);
}
