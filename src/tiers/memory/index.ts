export { type MemoryDatabase, memoryDurableTier } from './memory-durable-tier.ts';
export { type MemoryKeys, memoryPrimaryTier } from './memory-primary-tier.ts';
