import { handleOf, storageKeyOf } from '../../../src/session/session-id.ts';
import type { Violation } from '../history.ts';
import { isUncertain } from '../history.ts';
import type { SimulationEvidence } from './check.ts';

/**
 * In the end no row lives under an id that no client got, except for what was left in doubt: by a regenerate, or by a
 * process that died. Such a process may have had a first INSERT to revoke whose answer was lost, although its second
 * one went well. A process that was closed while the database was unavailable announces those that it could not revoke.
 * A server whose clock is set back while an INSERT is on its way takes it for one in time: rows from after that count for nothing.
 */
export function checkOrphans({
  history,
  sessions,
  living,
  crashed,
  announced,
  commits,
  plan,
}: SimulationEvidence): Violation[] {
  const clockSetAt = Math.min(...plan.faults.filter(({ kind }) => kind === 'server-clock').map(({ at }) => at));
  const wasMisjudged = (key: string): boolean =>
    (commits.find(({ storageKey }) => storageKey === key)?.at ?? 0) > clockSetAt;
  const known = new Set(sessions.flatMap(({ ids }) => ids.map((id) => storageKeyOf(id).toString('hex'))));
  const doubts = history.filter((operation) =>
    operation.kind === 'create'
      ? crashed.includes(operation.node)
      : operation.kind === 'regenerate' && isUncertain(operation),
  );
  const orphans = living.filter(
    (key) => !known.has(key) && !announced.has(handleOf(Buffer.from(key, 'hex'))) && !wasMisjudged(key),
  );
  if (orphans.length <= doubts.length) return [];
  const message = `${orphans.length} rows live under ids that no client got`;
  return [{ rule: 'orphan', message, session: null, operations: doubts }];
}
