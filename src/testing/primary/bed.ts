import { systemPlatform } from '../../platform/platform.ts';
import type { TierContext } from '../../tiers/context.ts';
import type { PrimaryTier } from '../../tiers/primary.ts';
import type { ContractCase } from '../contract-case.ts';
import { KeyedTier } from './keyed-tier.ts';

/** A server whose primary tier is tested. */
export interface PrimaryTierSubject {
  /** Makes another tier, not yet opened, on the same keys. */
  makeTier(): PrimaryTier;
  /** The names of two namespaces that the server allows and that nothing else uses. */
  readonly namespaces: readonly [string, string];
}

/** A promise of `PrimaryTier`. */
export type PrimaryTierCase = ContractCase<PrimaryTierSubject>;

/** The tiers and the server that a case works with. */
export interface PrimaryBed {
  readonly server: PrimaryTierSubject;
  /** An open tier in the first namespace. */
  readonly tier: KeyedTier;
  /** The context that `tier` was opened with. */
  readonly context: TierContext;
  /** Opens another tier on the same keys, in the first namespace or the second. */
  readonly open: (namespace?: 0 | 1) => Promise<KeyedTier>;
}

/** Every call of a case settles within this time. */
const TIMEOUT_MS = 1_000;

/** Makes a case of each check; its name begins with what the group is about. */
export function primaryCases(
  about: string,
  checks: Readonly<Record<string, (bed: PrimaryBed) => Promise<void>>>,
): PrimaryTierCase[] {
  return Object.entries(checks).map(([sentence, check]) => ({
    name: `${about}: ${sentence}`,
    run: (server) => withBed(server, check),
  }));
}

async function withBed(server: PrimaryTierSubject, check: (bed: PrimaryBed) => Promise<void>): Promise<void> {
  const opened: PrimaryTier[] = [];
  const contextIn = (which: 0 | 1): TierContext => ({
    namespace: server.namespaces[which],
    platform: systemPlatform,
    timeoutMs: TIMEOUT_MS,
  });
  const open = async (which: 0 | 1 = 0): Promise<KeyedTier> => {
    const tier = server.makeTier();
    opened.push(tier);
    await tier.open(contextIn(which), { onShardChange: () => {}, onShardsChange: () => {} });
    return new KeyedTier(tier);
  };
  try {
    await check({ server, context: contextIn(0), open, tier: await open() });
  } finally {
    await Promise.all(opened.map((tier) => tier.close()));
  }
}
