import { handleOf, storageKeyOf } from '../../../src/session/session-id.ts';
import type { Violation } from '../history.ts';
import { isUncertain } from '../history.ts';
import type { SimulationEvidence } from './check.ts';

/**
 * In the end no row lives under an id that no client got, except for what was left in doubt: by a regenerate, or by a
 * process that died. Such a process may have had a first INSERT to revoke whose answer was lost, although its second
 * one went well. A process that was closed while the database was unavailable announces those that it could not revoke.
 * A server of several whose clock is set back while an INSERT is on its way takes that for one in time, however late it comes.
 */
export function checkOrphans({ history, sessions, living, crashed, announced, plan }: SimulationEvidence): Violation[] {
  const isClockSet = plan.faults.some(({ kind }) => kind === 'server-clock');
  const known = new Set(sessions.flatMap(({ ids }) => ids.map((id) => storageKeyOf(id).toString('hex'))));
  const doubts = history.filter((operation) =>
    operation.kind === 'create'
      ? isClockSet || crashed.includes(operation.node)
      : operation.kind === 'regenerate' && isUncertain(operation),
  );
  const orphans = living.filter((key) => !known.has(key) && !announced.has(handleOf(Buffer.from(key, 'hex'))));
  if (orphans.length <= doubts.length) return [];
  const message = `${orphans.length} rows live under ids that no client got`;
  return [{ rule: 'orphan', message, session: null, operations: doubts }];
}
