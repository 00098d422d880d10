import type { Health } from '../../../src/index.ts';
import { FAULTS } from '../faults.ts';
import type { History, Violation } from '../history.ts';
import type { Plan, SimulationPlan } from '../plan.ts';
import type { Commit, Marks } from '../servers/simulated-database.ts';
import type { KnownSession } from '../workload.ts';
import { allowanceOf } from './allowance.ts';
import { checkDeadlines } from './deadlines.ts';
import { checkDoubt } from './doubt.ts';
import { checkEnds } from './ends.ts';
import { checkFreshness } from './freshness.ts';
import { checkLinearizability } from './linearizability.ts';
import { checkLiveness, type Change, type Looks } from './liveness.ts';
import { checkLiving } from './living.ts';
import { checkOrphans } from './orphans.ts';
import { checkRestored } from './restored.ts';
import { checkRevocations } from './revocations.ts';
import { checkRing } from './ring.ts';
import { checkSettled } from './settled.ts';
import { checkUpdates } from './updates.ts';

export interface Outage {
  readonly node: string | null;
  readonly from: number;
  readonly until: number;
}

/** One run, as the checkers see it. */
export interface Evidence {
  readonly plan: Plan;
  readonly history: History;
  readonly sessions: readonly KnownSession[];
  /** True once nodes learn within `FEED_FRESH_MS` what Redis could not show them. */
  readonly hasFeed: boolean;
  readonly healedAt: number;
  readonly unclosed: readonly string[];
  /** Reasons of promises that failed unheard. */
  readonly unheard: readonly string[];
}

/** What only a simulation can know. */
export interface SimulationEvidence extends Evidence {
  readonly plan: SimulationPlan;
  /** When the database could not be relied on, and by whom; null for everybody. */
  readonly outages: readonly Outage[];
  readonly crashed: readonly string[];
  readonly commits: readonly Commit[];
  /** Storage keys, in hex, of the rows that are not revoked in the end. */
  readonly living: readonly string[];
  /** Handles of sessions that a client, when it was closed, announced not to have ended. */
  readonly announced: ReadonlySet<string>;
  /** Marks that are left in the end, and the database's time then. */
  readonly marks: Marks;
  /** When the data of Redis went back although its clients were not cut off. */
  readonly setBackAt: readonly number[];
  /** Storage keys, in hex, with a hold or a lease in Redis in the end. */
  readonly held: readonly string[];
  /** Names of the nodes that see a deposed master in the end. */
  readonly strays: ReadonlySet<string>;
  /** True if no server has the key of this id in the end. */
  readonly isDown: (id: string) => boolean;
  /** When another key of the ring became active, and when the one before was revoked. */
  readonly ring: { readonly promotedAt: number; readonly revokedAt: number };
  readonly changes: readonly Change[];
  readonly health: ReadonlyMap<string, Health>;
  readonly looks: Looks;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Sessions whose history was too tangled to be ordered within the search's budget. */
  readonly undecided: number;
}

export function check(evidence: SimulationEvidence): Verdict {
  if (evidence.plan.faults.some(({ kind }) => FAULTS[kind] === 'restored')) return checkRestored(evidence);
  const allowance = allowanceOf(evidence);
  const linearizability = checkLinearizability(evidence);
  const violations = [
    ...checkUpdates(evidence),
    ...linearizability.violations,
    ...checkEnds(evidence, allowance),
    ...checkFreshness(evidence, allowance),
    ...checkDoubt(evidence),
    ...checkLiving(evidence),
    ...checkDeadlines(evidence),
    ...checkOrphans(evidence),
    ...checkRevocations(evidence),
    ...checkSettled(evidence),
    ...checkLiveness(evidence),
    ...checkRing(evidence),
  ];
  return { violations, undecided: linearizability.undecided };
}
