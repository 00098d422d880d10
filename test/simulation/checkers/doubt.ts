import { FAULTS } from '../faults.ts';
import type { Operation, Violation } from '../history.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { SimulationEvidence } from './check.ts';

/**
 * Checks the answer "outcome unknown": the reads of the node afterwards must show what had happened by then. Otherwise
 * "read the session before you repeat the write" would be bad advice.
 */
export function checkDoubt({ history, sessions, commits, plan }: SimulationEvidence): Violation[] {
  if (plan.faults.some(({ kind }) => FAULTS[kind] === 'rollback')) return [];
  return sessions.flatMap(({ number }) => {
    const operations = history.filter(({ session }) => session === number);
    const doubts = operations.filter(({ outcome }) => outcome.kind === 'failed' && outcome.code === UNKNOWN);
    return doubts.flatMap((doubt) => {
      const revision = committedBefore(doubt, operations, commits);
      const behind = operations.find(
        (read) =>
          read.kind === 'get' &&
          read.node === doubt.node &&
          read.invokedAt > doubt.returnedAt &&
          read.outcome.kind === 'session' &&
          read.outcome.id === doubt.id &&
          read.outcome.revision < revision,
      );
      if (behind === undefined) return [];
      const message = `get did not see revision ${revision}, of which its node had been in doubt`;
      return [{ rule: 'stale-after-doubt', message, session: number, operations: [doubt, behind] }];
    });
  });
}

const UNKNOWN = 'HOLDFAST_OUTCOME_UNKNOWN';

/** The revision that the write of a doubt made, if it had made it when it was given up; else 0. */
function committedBefore(
  doubt: Operation,
  operations: readonly Operation[],
  commits: SimulationEvidence['commits'],
): number {
  const { item, returnedAt } = doubt;
  if (item === null) return 0;
  const revisions = operations.flatMap(({ outcome }) =>
    outcome.kind === 'session' && outcome.items.at(-1) === item ? [outcome.revision] : [],
  );
  const revision = Math.min(...revisions);
  const key = doubt.id === null ? '' : storageKeyOf(doubt.id).toString('hex');
  const commit = commits.find((each) => each.storageKey === key && each.revision === revision);
  return commit !== undefined && commit.at <= returnedAt ? revision : 0;
}
