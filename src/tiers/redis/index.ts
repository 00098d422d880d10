export type { RedisTierOptions, RedisTlsOptions } from './redis-options.ts';
export { redisTier } from './redis-tier.ts';
