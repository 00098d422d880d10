import { ConfigurationError } from '../../errors.ts';
import { requireMethods } from '../../option-checks.ts';
import { durablePolicies } from '../../tiering/guard/durable-policies.ts';
import type { DurableTier } from '../../tiers/durable.ts';
import type { PrimaryTier } from '../../tiers/primary.ts';

/** A table of the methods of a contract, optional ones included: the compiler complains about one that is missing or too many. */
type EveryMethod<Contract> = {
  readonly [
    Name in keyof Contract as Required<Contract>[Name] extends (...args: never) => unknown ? Name : never
  ]-?: undefined extends Contract[Name] ? 'optional' : 'required';
};

const PRIMARY_METHODS: EveryMethod<PrimaryTier> = {
  open: 'required',
  shardOf: 'required',
  failure: 'required',
  diagnose: 'optional',
  close: 'required',
};

const DURABLE_METHODS: EveryMethod<DurableTier> = {
  open: 'required',
  probe: 'required',
  diagnose: 'optional',
  close: 'required',
};

/** Accepts any object with the methods and the list of shards of a primary tier. @throws {ConfigurationError} one is missing. */
export function requirePrimaryTier(tier: PrimaryTier): PrimaryTier {
  requireMethods('primary', tier, requiredOf(PRIMARY_METHODS), 'redisTier(…)');
  if (Array.isArray(tier.shards)) return tier;
  throw new ConfigurationError('primary: expected redisTier(…), but got an object without shards.');
}

/** Accepts any object with the methods and the parts of a durable tier. @throws {ConfigurationError} one is missing. */
export function requireDurableTier(tier: DurableTier): DurableTier {
  requireMethods('durable', tier, requiredOf(DURABLE_METHODS), 'prismaTier(…)');
  for (const part of ['sessions', 'feed', 'fleet', 'upkeep'] as const) {
    requireMethods(`durable.${part}`, tier[part], Object.keys(durablePolicies[part]), `the ${part} of a durable tier`);
  }
  return tier;
}

function requiredOf(methods: Readonly<Record<string, 'optional' | 'required'>>): string[] {
  return Object.keys(methods).filter((name) => methods[name] === 'required');
}
