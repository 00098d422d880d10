import { memoryPrimaryTier, type MemoryKeyspace } from '../../src/tiers/memory/memory-primary-tier.ts';
import { describePrimaryTier } from './primary-contract.ts';

describePrimaryTier('memory', async () => {
  const keyspace: MemoryKeyspace = new Map();
  return { makeTier: () => memoryPrimaryTier(keyspace), namespaces: ['shop', 'blog'] };
});
