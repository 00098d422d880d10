import { FAULTS } from '../faults.ts';
import type { Operation, Violation } from '../history.ts';
import type { SimulationEvidence } from './check.ts';

/**
 * A destroy that the database could not be told of: its caller was told so. Redis refuses the session at once, and the
 * process tells the database when it is back.
 */
export function checkRevocations({ history, healedAt, plan }: SimulationEvidence): Violation[] {
  // What a process that ends cannot tell the database, it announces; nobody tries again.
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
