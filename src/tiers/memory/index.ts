export { memoryDurableTier } from './memory-durable-tier.ts';
export type { MemoryDatabase } from './memory-durable-tier.ts';
export { memoryPrimaryTier } from './memory-primary-tier.ts';
export type { MemoryKeyspace } from './memory-primary-tier.ts';
