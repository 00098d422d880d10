import { memoryDurableTier, type MemoryDatabase } from '../../src/tiers/memory/index.ts';
import { describeDurableTier, type DurableDatabase } from './durable-contract.ts';
import { describeFleetTables } from './fleet-contract.ts';
import { describeSweep } from './sweep-contract.ts';

async function openDatabase(): Promise<DurableDatabase> {
  const rows: MemoryDatabase = new Map();
  return {
    makeTier: () => memoryDurableTier(rows),
    mark: async (storageKey, dirtyAt) => {
      const id = storageKey.toString('hex');
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, dirtyAt });
    },
  };
}

describeDurableTier('memory', openDatabase);
describeFleetTables('memory', openDatabase);
describeSweep('memory', openDatabase);
