import type { Operation, Violation } from '../history.ts';
import type { SimulationEvidence, Verdict } from './check.ts';
import { checkSettled } from './settled.ts';

/**
 * A database that was restored to an earlier state is another truth. Nothing is promised about what was lost, but that
 * nobody crashes, that every answer is one of the library's, and that a validation lease later all nodes agree with it.
 */
export function checkRestored(evidence: SimulationEvidence): Verdict {
  const { history, healedAt, plan } = evidence;
  const last = history.filter(({ invokedAt }) => invokedAt > healedAt + plan.validationLeaseMs);
  const violations = last.flatMap((read): Violation[] => {
    const truth = last.find(({ kind, id }) => kind === 'strongGet' && id === read.id);
    if (truth === undefined || shownBy(truth) === shownBy(read)) return [];
    const message = `${read.kind} and a strong read disagree long after the database was restored`;
    return [{ rule: 'not-converged', message, session: read.session, operations: [truth, read] }];
  });
  return { violations: [...violations, ...checkSettled(evidence)], undecided: 0 };
}

function shownBy({ outcome }: Operation): string {
  return outcome.kind === 'session' ? `${outcome.revision} ${outcome.items.join(' ')}` : outcome.kind;
}
