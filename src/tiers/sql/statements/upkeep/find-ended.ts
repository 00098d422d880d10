import type { FindEndedCommand } from '../../../durable.ts';
import { asInteger } from '../../phrases/functions.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, integer, sessions, sql } from '../../tag.ts';
import { hasEnded } from './ended.ts';

/**
 * Answers every row that it looked at, in order: `is_ended` is 1 for those of this namespace that have ended. The condition is
 * an answer and no filter: a filter would read on, past the limit, for as long as nothing fits.
 */
export const findEnded: StatementFor<FindEndedCommand> = everywhere(sql<FindEndedCommand>`
  SELECT storage_key, (${hasEnded})${asInteger} AS is_ended
  FROM ${sessions}
  WHERE storage_key > ${bytes((page) => page.after)}
  ORDER BY storage_key LIMIT ${integer((page) => page.limit)}`);
