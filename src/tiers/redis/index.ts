export type { RedisTierOptions } from './options/redis-options.ts';
export { redisTier } from './redis-tier.ts';
export type { RedisTlsOptions } from './options/tls-options.ts';
export type { RedisCredentials } from './options/topology.ts';
