import type { FindEndedCommand } from '../../../durable.ts';
import { asInteger } from '../../phrases/functions.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, integer, sessions, sql } from '../../tag.ts';
import { hasEnded } from './ended.ts';

/**
 * Returns every row that it read, in order: `is_ended` is 1 for those of this namespace that have ended. The condition is a
 * column and no filter: a filter would read past the limit until enough rows fit.
 */
export const findEnded: StatementFor<FindEndedCommand> = everywhere(sql<FindEndedCommand>`
  SELECT storage_key, (${hasEnded})${asInteger} AS is_ended
  FROM ${sessions}
  WHERE storage_key > ${bytes((page) => page.after)}
  ORDER BY storage_key LIMIT ${integer((page) => page.limit)}`);
