import { TierFailure } from '../../errors.ts';
import { adviceFor } from './advice.ts';
import { INCARNATION_CHARS, isIncarnation } from './entry-format.ts';

/** The incarnation of the server that gave this INFO reply. Throws unless that server may serve: a master, loaded. */
export function servingIncarnation(info: string): string {
  if (field(info, 'loading') === '1') throw new TierFailure('rejected', 'LOADING');
  if (field(info, 'role') !== 'master') throw new TierFailure('rejected', 'READONLY');
  const incarnation = field(info, 'run_id').slice(0, INCARNATION_CHARS);
  if (!isIncarnation(incarnation)) throw new TierFailure('misconfigured', 'run-id', adviceFor('run-id'));
  return incarnation;
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1] ?? '';
}
