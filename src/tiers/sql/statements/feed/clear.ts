import { firstMoment } from '../../moments.ts';
import { bytes as bytesOf } from '../../rows/rows.ts';
import { everywhere, type StatementFor, wordings } from '../../wording.ts';
import { integer, namespace, oneOf, sessions, sql } from '../../tag.ts';

export interface ClearFeed {
  readonly before: number;
  readonly limit: number;
}

interface Found extends ClearFeed {
  readonly storageKeys: readonly Buffer[];
}

const before = integer((clear: ClearFeed) => firstMoment(clear.before));
const limit = integer((clear: ClearFeed) => clear.limit);

/** Clears in MySQL by two lists, for the two indexes, and then the rows by their keys: see `revokeMany`. */
const isOver = sql<ClearFeed>`namespace = ${namespace} AND COALESCE(dirty_at, 0) < ${before} AND COALESCE(rotated_at, 0) < ${before}`;

const find = everywhere(sql<ClearFeed>`
  (SELECT storage_key FROM ${sessions}
    WHERE dirty_at < ${before} AND ${isOver} LIMIT ${limit})
  UNION (SELECT storage_key FROM ${sessions}
    WHERE rotated_at < ${before} AND ${isOver} LIMIT ${limit})
  ORDER BY storage_key LIMIT ${limit}`);

const change = everywhere(sql<Found>`
  UPDATE ${sessions} FORCE INDEX (PRIMARY) SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''
  WHERE storage_key ${oneOf((found: Found) => found.storageKeys)} AND (dirty_at IS NOT NULL OR rotated_at IS NOT NULL) AND ${isOver}
  ORDER BY storage_key`);

const findThenClear: StatementFor<ClearFeed> = (database) => {
  const [buildFind, buildChange] = [find(database), change(database)];
  return (name, command) => ({
    ...buildFind(name, command),
    change: (found) => {
      if (found.length === 0) return found;
      return buildChange(name, { ...command, storageKeys: found.map((row) => bytesOf(row, 'storage_key')) });
    },
  });
};

/**
 * Clears marks and earlier keys of rows that have had neither a new mark nor a new key since `before`. In PostgreSQL and
 * SQLite, two comparisons are for the two indexes, and the third is for rows that have both times.
 */
export const clear: StatementFor<ClearFeed> = wordings({
  // Skips the rows that another statement has locked: it is changing them.
  postgresql: sql<ClearFeed>`
    WITH settled AS MATERIALIZED (
      SELECT storage_key FROM ${sessions}
      WHERE namespace = ${namespace} AND (dirty_at < ${before} OR rotated_at < ${before})
        AND GREATEST(dirty_at, rotated_at) < ${before}
      LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${sessions} AS session SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''::bytea
    FROM settled
    WHERE session.storage_key = settled.storage_key`,
  sqlite: sql<ClearFeed>`
    UPDATE ${sessions} SET dirty_at = NULL, rotated_at = NULL, previous_keys = x''
    WHERE storage_key IN (
      SELECT storage_key FROM ${sessions}
      WHERE namespace = ${namespace} AND (dirty_at < ${before} OR rotated_at < ${before})
        AND max(COALESCE(dirty_at, 0), COALESCE(rotated_at, 0)) < ${before}
      LIMIT ${limit}
    )`,
  mysql: findThenClear,
});
