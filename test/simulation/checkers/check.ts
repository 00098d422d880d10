import type { History, Violation } from '../history.ts';
import type { Plan } from '../plan.ts';
import type { KnownSession } from '../workload.ts';
import { allowanceOf } from './allowance.ts';
import { checkDeadlines } from './deadlines.ts';
import { checkEnds } from './ends.ts';
import { checkFreshness } from './freshness.ts';
import { checkLinearizability } from './linearizability.ts';
import { checkLiving } from './living.ts';
import { checkSettled } from './settled.ts';
import { checkUpdates } from './updates.ts';

/** One run, as the checkers see it. */
export interface Evidence {
  readonly plan: Plan;
  readonly history: History;
  readonly sessions: readonly KnownSession[];
  readonly hasFeed: boolean;
  readonly healedAt: number;
  readonly unclosed: readonly string[];
  /** Reasons of promises that failed unheard. */
  readonly unheard: readonly string[];
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Sessions whose history was too tangled to be ordered within the search's budget. */
  readonly undecided: number;
}

export function check(evidence: Evidence): Verdict {
  const allowance = allowanceOf(evidence);
  const linearizability = checkLinearizability(evidence);
  const violations = [
    ...checkUpdates(evidence),
    ...linearizability.violations,
    ...checkEnds(evidence, allowance),
    ...checkFreshness(evidence, allowance),
    ...checkLiving(evidence),
    ...checkDeadlines(evidence),
    ...checkSettled(evidence),
  ];
  return { violations, undecided: linearizability.undecided };
}
