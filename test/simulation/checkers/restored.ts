import { saysNotFound, type Operation, type Violation } from '../history.ts';
import type { SimulationEvidence, Verdict } from './check.ts';
import { checkSettled } from './settled.ts';

/**
 * A database that was restored to an earlier state, or that lacks its last commits, is another truth. Nothing is promised about
 * what was lost, but that nobody crashes, that every answer is one of the library's, and that after `revalidateAfter` all
 * nodes agree with it: a read shows what it shows once Redis is empty.
 */
export function checkRestored(evidence: SimulationEvidence): Verdict {
  const { history, looks } = evidence;
  const last = history.filter(({ invokedAt }) => invokedAt >= looks.secondAt && invokedAt < looks.emptiedAt);
  const truths = history.filter(({ invokedAt }) => invokedAt >= looks.emptiedAt);
  const violations = last.flatMap((read): Violation[] => {
    const truth = truths.find(({ kind, id }) => kind === 'strongGet' && id === read.id);
    // What Redis knows to have ended stays ended, though the database has forgotten it: nobody is logged in again by that.
    if (truth === undefined || shownBy(truth) === shownBy(read) || saysNotFound(read)) return [];
    const message = `${read.kind} does not show what the database has, long after that went back`;
    return [{ rule: 'not-converged', message, session: read.session, operations: [truth, read] }];
  });
  return { violations: [...violations, ...checkSettled(evidence)], undecided: 0 };
}

function shownBy({ outcome }: Operation): string {
  return outcome.kind === 'session' ? `${outcome.revision} ${outcome.items.join(' ')}` : outcome.kind;
}
