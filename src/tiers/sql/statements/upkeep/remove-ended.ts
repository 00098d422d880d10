import type { RemoveEndedCommand } from '../../../durable.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { integer, oneOf, sessions, sql } from '../../tag.ts';
import { hasEnded } from './ended.ts';

const storageKeys = oneOf((removal: RemoveEndedCommand) => removal.storageKeys);

/**
 * Deletes those of these rows that have ended, and changes as many rows as it deletes. Where rows are locked, it first takes
 * the locks that are free, and those only: it waits for no row, so no other statement waits for it in a circle.
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
  // Nor does it wait for the entries of a row in the indexes, which no statement locks before the row. In another order of
  // the join the server would go through the table and wait at each row.
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
