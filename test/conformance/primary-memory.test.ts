import { primaryTierCases, type PrimaryTierSubject } from 'holdfast/testing';
import { describe, it } from 'vitest';
import { memoryPrimaryTier, type MemoryKeyspace } from '../../src/tiers/memory/index.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';

describe('the primary tier contract: memory', () => {
  const keyspace: MemoryKeyspace = new Map();
  const subject: PrimaryTierSubject = {
    makeTier: () => memoryPrimaryTier(keyspace),
    namespaces: ['shop', 'blog'],
  };
  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});

describe('the primary tier contract: several servers in memory', () => {
  const cluster = new MemoryCluster();
  const subject: PrimaryTierSubject = { makeTier: () => cluster.tier(), namespaces: ['shop', 'blog'] };
  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
