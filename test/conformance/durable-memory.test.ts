import { memoryDurableTier, type MemoryDatabase } from '../../src/tiers/memory/memory-durable-tier.ts';
import { describeDurableTier } from './durable-contract.ts';

describeDurableTier('memory', async () => {
  const rows: MemoryDatabase = new Map();
  return {
    makeTier: () => memoryDurableTier(rows),
    mark: async (storageKey, dirtyAt) => {
      const id = storageKey.toString('hex');
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, dirtyAt });
    },
  };
});
