export type { RedisCredentials, RedisTierOptions } from './redis-options.ts';
export { redisTier } from './redis-tier.ts';
export type { RedisTlsOptions } from './tls-options.ts';
