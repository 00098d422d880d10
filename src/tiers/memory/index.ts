export { type MemoryDatabase, memoryDurableTier } from './memory-durable-tier.ts';
