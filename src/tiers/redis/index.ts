export type { ClusterOptions, NatMap } from './options/cluster-options.ts';
export type {
  RedisAccessOptions,
  RedisClusterOptions,
  RedisSentinelOptions,
  RedisServerOptions,
  RedisTierOptions,
} from './options/redis-options.ts';
export { redisTier } from './redis-tier.ts';
export type { SentinelOptions } from './options/sentinel-options.ts';
export type { RedisTlsOptions } from './options/tls-options.ts';
export type { Endpoint, RedisCredentials } from './options/topology.ts';
