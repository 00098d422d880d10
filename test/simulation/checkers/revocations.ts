import { FAULTS } from '../faults.ts';
import type { Operation, Violation } from '../history.ts';
import type { SimulationEvidence } from './check.ts';

/**
 * Checks a destroy that the database could not receive, and whose caller knows so. Redis refuses the session at once,
 * and the process writes to the database when it is back.
 */
export function checkRevocations({ history, healedAt, plan }: SimulationEvidence): Violation[] {
  // A process that ends announces what it could not write to the database; no other process repeats it.
  if (plan.faults.some(({ kind }) => kind === 'node-crash' || kind === 'node-close')) return [];
  // A tombstone does not survive these, and the row of it is still alive.
  const isRedisWell = plan.faults.every(({ kind }) => FAULTS[kind] === 'none' && kind !== 'redis-evict');
  return history.flatMap((destroy): Violation[] => {
    const { outcome, returnedAt, id, session } = destroy;
    if (outcome.kind !== 'failed' || outcome.code !== 'HOLDFAST_REVOCATION_NOT_DURABLE') return [];
    const isOver = ({ kind, invokedAt }: Operation): boolean =>
      invokedAt > healedAt || (isRedisWell && kind === 'get' && invokedAt > returnedAt);
    const served = history.find((read) => read.outcome.kind === 'session' && read.outcome.id === id && isOver(read));
    if (served === undefined) return [];
    const message = `${served.kind} served what a destroy had ended, though not yet durably`;
    return [{ rule: 'revocation-forgotten', message, session, operations: [destroy, served] }];
  });
}
