import { memoryDurableTier, type MemoryDatabase } from '../../src/tiers/memory/memory-durable-tier.ts';
import { describeDurableTier } from './durable-contract.ts';

describeDurableTier('memory', async () => {
  const rows: MemoryDatabase = new Map();
  return { makeTier: () => memoryDurableTier(rows) };
});
