import type { WalkCommand } from '../../../durable.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, integer, namespace, sessions, sql } from '../../tag.ts';
import { asInteger } from '../../phrases/functions.ts';

const aliveAt = integer((page: WalkCommand) => page.aliveAt);

/**
 * Returns every row that it read, in order: `is_alive` is 1 for the living ones of this namespace. The condition is a column
 * and no filter: a filter would read past the limit until enough rows fit.
 */
export const walk: StatementFor<WalkCommand> = everywhere(sql`
  SELECT storage_key, key_id, (user_key IS NOT NULL)${asInteger} AS has_user,
    (namespace = ${namespace} AND revoked_at IS NULL
      AND idle_expires_at >= ${aliveAt} AND absolute_expires_at > ${aliveAt})${asInteger} AS is_alive
  FROM ${sessions}
  WHERE storage_key > ${bytes((page) => page.after)}
  ORDER BY storage_key LIMIT ${integer((page) => page.limit)}`);
