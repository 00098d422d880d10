export { memoryDurableTier } from './memory-durable-tier.ts';
export type { MemoryDatabase } from './durable/tables.ts';
export { memoryPrimaryTier } from './memory-primary-tier.ts';
export type { MemoryKeyspace } from './memory-primary-tier.ts';
