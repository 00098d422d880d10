import type { RemoveEndedCommand } from '../../../durable.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { integer, oneOf, sessions, sql } from '../../tag.ts';
import { hasEnded } from './ended.ts';

const storageKeys = oneOf((removal: RemoveEndedCommand) => removal.storageKeys);

/**
 * Deletes the rows of these keys that have ended; its count is that of the deleted rows. Where the database locks rows, it
 * takes only locks that are free: it waits for no row, so it is part of no deadlock.
 */
export const removeEnded: StatementFor<RemoveEndedCommand> = wordings({
  postgresql: sql`
    WITH ended AS MATERIALIZED (
      SELECT storage_key FROM ${sessions}
      WHERE storage_key ${storageKeys} AND ${hasEnded}
      ORDER BY storage_key FOR UPDATE SKIP LOCKED
    )
    DELETE FROM ${sessions} AS session USING ended
    WHERE session.storage_key = ended.storage_key`,
  // It does not wait for index entries either: no statement locks them before their row. With another order of the join, the
  // server would go through the table and wait at each row.
  mysql: sql`
    DELETE session FROM (
      SELECT storage_key FROM ${sessions} FORCE INDEX (PRIMARY)
      WHERE ${hasEnded} AND storage_key ${storageKeys}
      ORDER BY storage_key LIMIT ${integer((removal) => removal.storageKeys.length)} FOR UPDATE SKIP LOCKED
    ) AS ended STRAIGHT_JOIN ${sessions} AS session FORCE INDEX (PRIMARY) ON session.storage_key = ended.storage_key`,
  sqlite: sql`
    DELETE FROM ${sessions}
    WHERE ${hasEnded} AND storage_key ${storageKeys}`,
});
