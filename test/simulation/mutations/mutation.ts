import type { FaultKind } from '../faults.ts';
import type { ScenarioName } from '../scenarios/scenarios.ts';

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

interface Mistake {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly faults: readonly FaultKind[];
}

/**
 * A mistake that somebody could make, and a seed that finds it, or the scenario that does where chance
 * needs too long; or why it is harmless alone.
 */
export type Mutation = Mistake &
  ({ readonly scenario: ScenarioName } | { readonly seed: number } | { readonly whyNot: string });

/** The ways to lose what was to be written to Redis. */
export const LOSSY: readonly FaultKind[] = [
  'redis-lost-request',
  'redis-lost-reply',
  'redis-late',
  'redis-cut',
  'redis-freeze',
];
