import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { Violation } from '../history.ts';
import { isUncertain } from '../history.ts';
import type { SimulationEvidence } from './check.ts';

/** In the end no row lives under an id that nobody was told, but for what was left in doubt: by a regenerate, or by a process that died. */
export function checkOrphans({ history, sessions, living, plan }: SimulationEvidence): Violation[] {
  const known = new Set(sessions.flatMap(({ ids }) => ids.map((id) => storageKeyOf(id).toString('hex'))));
  const hasCrashed = plan.faults.some(({ kind }) => kind === 'node-crash');
  const doubts = history.filter(
    (operation) =>
      isUncertain(operation) && (operation.kind === 'regenerate' || (operation.kind === 'create' && hasCrashed)),
  );
  const orphans = living.filter((key) => !known.has(key));
  if (orphans.length <= doubts.length) return [];
  const message = `${orphans.length} rows live under ids that nobody was told`;
  return [{ rule: 'orphan', message, session: null, operations: doubts }];
}
