import { primaryTierCases, type PrimaryTierSubject } from 'holdfast/testing';
import { describe, it } from 'vitest';
import { memoryPrimaryTier, type MemoryKeyspace } from '../../src/tiers/memory/index.ts';

describe('the primary tier contract: memory', () => {
  const keyspace: MemoryKeyspace = new Map();
  const subject: PrimaryTierSubject = {
    makeTier: () => memoryPrimaryTier(keyspace),
    namespaces: ['shop', 'blog'],
  };
  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
