import type { DurableTier, WriteCommand } from '../../tiers/durable.ts';

/**
 * The way in which the guard makes a call of the durable tier.
 * - `query`: repeating it does no harm, so a lost answer is only a missing one: `TierUnavailableError`;
 * - `write`: it may have changed something, so a lost answer is `OutcomeUnknownError`;
 * - `swap`: a `write` that says false if it changed nothing. The database also changes nothing if the write comes too late; where that
 *   is possible, false becomes `OutcomeUnknownError`;
 * - `periodic`: a `query` that passes the callers who wait for room. A node makes these calls now and then, one at a time, so that
 *   copies can be trusted and the node counts as alive. If they waited behind the callers, every read would doubt its copy and
 *   come to wait as well, and the queue would never end.
 */
export type Policy = 'periodic' | 'query' | 'swap' | 'write';

/** The four parts of a durable tier. */
export type DurablePart = 'feed' | 'fleet' | 'sessions' | 'upkeep';

/** The policies that a method may have: one that carries a write id and a deadline is a write, and no other method is. */
type PolicyOf<Method> = Method extends (...args: infer Args) => Promise<infer Answer>
  ? Args['length'] extends 0 | 1 | 2 | 3
    ? Args extends [WriteCommand]
      ? [Answer] extends [boolean]
        ? 'swap'
        : 'write'
      : 'periodic' | 'query'
    : never
  : never;

/** A policy for each method of each part. */
export type DurablePolicies = {
  readonly [Part in DurablePart]: { readonly [Name in keyof DurableTier[Part]]: PolicyOf<DurableTier[Part][Name]> };
};

/** The policy of each method of the durable tier. Its keys are also what an object must have to count as a durable tier. */
export const durablePolicies: DurablePolicies = {
  sessions: {
    insert: 'write',
    read: 'query',
    readState: 'query',
    update: 'swap',
    regenerate: 'swap',
    // A touch that happened after all does no harm.
    touch: 'query',
    revoke: 'write',
    revokeMany: 'write',
    listByUser: 'query',
    findRegenerated: 'query',
  },
  feed: {
    // Repeated, it marks the row again.
    markDirty: 'query',
    read: 'periodic',
    // Marks that stay a little longer do no harm.
    clear: 'query',
  },
  fleet: {
    raiseRing: 'periodic',
    heartbeat: 'periodic',
    read: 'periodic',
    nameMasters: 'periodic',
    forget: 'query',
  },
  upkeep: {
    walk: 'query',
    moveUserKey: 'query',
    claimSweep: 'query',
    findEnded: 'query',
    removeEnded: 'query',
  },
};

/** No method of the contract has more than three parameters (`PolicyOf`): three by name cost less than an array per call. */
export type AnyMethod = (first?: unknown, second?: unknown, third?: unknown) => Promise<unknown>;

/** The wrapper of a method under each policy. */
export type Guarding = Readonly<Record<Policy, (method: AnyMethod) => AnyMethod>>;

/** Returns one part of the tier, each of its methods under its policy. */
export function guardPart<Part extends DurablePart>(
  tier: DurableTier,
  part: Part,
  guarding: Guarding,
): DurableTier[Part] {
  const methods = Object.entries<Policy>(durablePolicies[part]).map(([name, policy]) => {
    const method = Reflect.get(tier[part], name) as AnyMethod;
    return [name, guarding[policy](method.bind(tier[part]))];
  });
  return Object.fromEntries(methods) as DurableTier[Part];
}
