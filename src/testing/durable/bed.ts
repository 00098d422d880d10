import { systemPlatform } from '../../platform/platform.ts';
import type { DurableTier, NodeMark } from '../../tiers/durable.ts';
import type { ContractCase } from '../contract-case.ts';
import { randomBytes } from './records.ts';

/** A database whose durable tier is tested. */
export interface DurableTierSubject {
  /** Makes another tier, not yet opened, on the same rows. */
  makeTier(): DurableTier;
  /** Writes a mark past the tier: the clock of a database may jump when a standby takes over. */
  mark(storageKey: Buffer, dirtyAt: number): Promise<void>;
  /** Writes past the tier when a node was last seen, by the database's clock: nobody waits a minute for one that died. */
  see(namespace: string, node: NodeMark, seenAt: number): Promise<void>;
}

/** A promise of `DurableTier`. */
export type DurableTierCase = ContractCase<DurableTierSubject>;

/** The tiers and the namespace that a case works with. */
export interface Bed {
  readonly database: DurableTierSubject;
  /** An open tier, in a namespace that no other case uses. */
  readonly tier: DurableTier;
  readonly namespace: string;
  /** Opens another tier on the same rows, in this namespace or in one of its own. */
  readonly open: (namespace?: string) => Promise<DurableTier>;
}

/** Every call of a case settles within this time. */
const TIMEOUT_MS = 5_000;

/** Makes a case of each check; its name begins with what the group is about. */
export function durableCases(
  about: string,
  checks: Readonly<Record<string, (bed: Bed) => Promise<void>>>,
): DurableTierCase[] {
  return Object.entries(checks).map(([sentence, check]) => ({
    name: `${about}: ${sentence}`,
    run: (database) => withBed(database, check),
  }));
}

async function withBed(database: DurableTierSubject, check: (bed: Bed) => Promise<void>): Promise<void> {
  const opened: DurableTier[] = [];
  const open = async (namespace = aNamespace()): Promise<DurableTier> => {
    const tier = database.makeTier();
    opened.push(tier);
    await tier.open({ namespace, platform: systemPlatform, timeoutMs: TIMEOUT_MS, sweeps: true });
    return tier;
  };
  try {
    const namespace = aNamespace();
    await check({ database, namespace, open, tier: await open(namespace) });
  } finally {
    await Promise.all(opened.map((tier) => tier.close()));
  }
}

function aNamespace(): string {
  return `case-${randomBytes(8).toString('hex')}`;
}
