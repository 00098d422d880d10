import type { RevokeManyCommand } from '../../../durable.ts';
import { unless } from '../../dialects/mysql/phrases.ts';
import { locked } from '../../dialects/postgresql/phrases.ts';
import { clock, mark, markedAt } from '../../phrases/clock.ts';
import { bytes as bytesOf, type Row } from '../../rows/rows.ts';
import { either, everywhere, type StatementFor, wordings } from '../../wording.ts';
import { bytes, type Fragment, integer, namespace, nothing, oneOf, sessions, sql } from '../../tag.ts';
import { validUntil, writeId } from './record.ts';

const after = bytes((many: RevokeManyCommand) => many.after);
const except = bytes((many: RevokeManyCommand) => many.except);
const limit = integer((many: RevokeManyCommand) => many.limit);
const revokedAt = integer((many: RevokeManyCommand) => many.revokedAt);

const andOfUser = sql<RevokeManyCommand>` AND user_key ${oneOf(({ of }: RevokeManyCommand) => (of === 'everyone' ? [] : of))}`;

/**
 * Ends the next sessions of these users, or of everyone, in the order of their keys, and marks them dirty. A repeat finds the
 * rows that it revoked. Deadlines are null in a row that moved to another storage key, or was ended by another write, before
 * it could be revoked. A late statement fails with `too-late`, or, where the database has no such error, returns the
 * unchanged rows with a true `is_late`.
 */
export const revokeMany: StatementFor<RevokeManyCommand> = either(
  ({ of }) => of === 'everyone',
  revoking(nothing),
  revoking(andOfUser),
);

function revoking(andOf: Fragment<RevokeManyCommand>): StatementFor<RevokeManyCommand> {
  return wordings({
    // Locks rows in the order of their keys: statements that lock many rows in the order of their plans deadlock. `max(now)`,
    // which needs all rows, is the time of the last lock; if it is too late, a division by zero fails the statement. A row
    // that a regenerate moves while this statement waits for its lock comes back from `locked` under its new key, which the
    // snapshot of `revoked` does not hold yet. It is returned without deadlines, and the statement has to run once more.
    postgresql: sql<RevokeManyCommand>`
      WITH ${locked(sql<RevokeManyCommand>`
        SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM ${sessions}
        WHERE namespace = ${namespace} AND storage_key > ${after} AND (revoked_at IS NULL OR write_id = ${writeId})
          AND (${except} IS NULL OR storage_key <> ${except})${andOf}
        ORDER BY storage_key LIMIT ${limit}
        FOR NO KEY UPDATE`)}, in_time AS MATERIALIZED (
        SELECT 1 / (bool_and(is_repeat) OR max(now) <= ${validUntil})::integer = 1 AS is_met FROM locked
      ), revoked AS (
        UPDATE ${sessions} AS session SET
          revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
          revoked_at = COALESCE(revoked_at, ${revokedAt}), write_id = ${writeId}, envelope = ''::bytea, ${mark}
        FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
        RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
      )
      SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
      FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key)`,

    mysql: findThenRevoke(andOf),

    // A late statement writes each row as it is, since RETURNING has only rows that were written.
    sqlite: sql<RevokeManyCommand>`
      UPDATE ${sessions} SET
        revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
        revoked_at = iif(is_met, COALESCE(revoked_at, ${revokedAt}), revoked_at), write_id = iif(is_met, ${writeId}, write_id),
        envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, ${markedAt}, dirty_at)
      FROM (SELECT ${clock} <= ${validUntil} AS is_met) AS in_time
      WHERE storage_key IN (
        SELECT storage_key FROM ${sessions}
        WHERE namespace = ${namespace} AND storage_key > ${after} AND (revoked_at IS NULL OR write_id = ${writeId})
          AND (${except} IS NULL OR storage_key <> ${except})${andOf}
        ORDER BY storage_key LIMIT ${limit}
      )
      RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late`,
  });
}

interface Found extends RevokeManyCommand {
  readonly storageKeys: readonly Buffer[];
}

/**
 * Finds rows in MySQL before it changes them: changing them along the index of users would lock that before the rows,
 * and every other statement locks them the other way round. The statement is repeated until it gets all that it found:
 * a write that moved one, or ended it first, may have left others. Each row reads the clock when it is held. One that
 * is late fails the change as a whole, with `too-late`.
 */
function findThenRevoke(andOf: Fragment<RevokeManyCommand>): StatementFor<RevokeManyCommand> {
  const finding = (andNot: Fragment<RevokeManyCommand>) =>
    everywhere(sql<RevokeManyCommand>`
      SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at FROM ${sessions}
      WHERE namespace = ${namespace} AND storage_key > ${after}${andNot}${andOf}
        AND (revoked_at IS NULL OR write_id = ${writeId})
      ORDER BY storage_key LIMIT ${limit}`);
  const find = either(
    (command: RevokeManyCommand) => command.except !== null,
    finding(sql` AND storage_key <> ${except}`),
    finding(nothing),
  );
  const change = everywhere(sql<Found>`
    UPDATE ${sessions} FORCE INDEX (PRIMARY) SET
      revision = ${unless(sql`${clock} > ${validUntil}`, sql`revision + 1`)}, envelope = '', ${mark}, write_id = ${writeId}, revoked_at = ${revokedAt}
    WHERE storage_key ${oneOf((found: Found) => found.storageKeys)} AND namespace = ${namespace}${andOf} AND revoked_at IS NULL
    ORDER BY storage_key`);

  return (database) => {
    const [buildFind, buildChange] = [find(database), change(database)];
    return (name, command) => ({
      ...buildFind(name, command),
      change: (found) => {
        const alive = found.filter((row) => row['revoked_at'] === null).map((row) => bytesOf(row, 'storage_key'));
        if (alive.length === 0) return found;
        return {
          ...buildChange(name, { ...command, storageKeys: alive }),
          answer: (count) => (count === alive.length ? found : found.map(moved)),
        };
      },
    });
  };
}

/** Returns the answer for a row that has to be found again. */
function moved({ storage_key }: Row): Row {
  return { storage_key, idle_expires_at: null, absolute_expires_at: null };
}
