import type { RevokeCommand } from '../../../durable.ts';
import { locked } from '../../dialects/postgresql/phrases.ts';
import { clock, mark } from '../../phrases/clock.ts';
import { either, type StatementFor, thenRead, wordings } from '../../wording.ts';
import { bytes, type Fragment, integer, namespace, nothing, sessions, sql } from '../../tag.ts';
import { validUntil, writeId } from './record.ts';

const storageKey = bytes((revoke: RevokeCommand) => revoke.storageKey);
const revokedAt = integer((revoke: RevokeCommand) => revoke.revokedAt);
const writtenBy = bytes((revoke: RevokeCommand) => revoke.writtenBy ?? null);

const ofRow = sql<RevokeCommand>`storage_key = ${storageKey} AND namespace = ${namespace}`;

/**
 * Ends a session, expired or not: erases the envelope and raises the revision. Returns the row, or none if it is missing or
 * another write revoked it. A repeat finds its own row, and is never too late.
 */
export const revoke: StatementFor<RevokeCommand> = either(
  ({ writtenBy: by }) => by !== undefined,
  markedOrNot(sql` AND write_id = ${writtenBy}`),
  markedOrNot(nothing),
);

interface Extras {
  /** Limits the statement to a row that an insert whose answer was lost may have left. */
  readonly andWrittenBy: Fragment<RevokeCommand>;
  readonly andMark: Fragment<unknown>;
}

function revoking({ andWrittenBy, andMark }: Extras): StatementFor<RevokeCommand> {
  return wordings({
    postgresql: sql<RevokeCommand>`
      WITH ${locked(sql<RevokeCommand>`
        SELECT storage_key, revoked_at IS NOT NULL AS is_repeat FROM ${sessions}
        WHERE ${ofRow} AND ((revoked_at IS NULL${andWrittenBy}) OR write_id = ${writeId})
        FOR NO KEY UPDATE`)}
      UPDATE ${sessions} AS session SET
        revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
        revoked_at = COALESCE(revoked_at, ${revokedAt}), write_id = ${writeId}, envelope = ''::bytea${andMark}
      FROM locked
      WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= ${validUntil})
      RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at`,

    // No other write changes the write id of a revoked row, so the read afterwards finds only a row that this write revoked.
    mysql: thenRead(
      sql<RevokeCommand>`
        UPDATE ${sessions} SET
          revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = ''${andMark},
          write_id = ${writeId}, revoked_at = COALESCE(revoked_at, ${revokedAt})
        WHERE ${ofRow}
          AND ((revoked_at IS NULL AND ${clock} <= ${validUntil}${andWrittenBy}) OR write_id = ${writeId})`,
      sql<RevokeCommand>`
        SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at FROM ${sessions}
        WHERE ${ofRow} AND write_id = ${writeId} AND revoked_at IS NOT NULL`,
    ),

    sqlite: sql<RevokeCommand>`
      UPDATE ${sessions} SET
        revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
        revoked_at = COALESCE(revoked_at, ${revokedAt}), write_id = ${writeId}, envelope = x''${andMark}
      WHERE ${ofRow}
        AND ((revoked_at IS NULL AND ${clock} <= ${validUntil}${andWrittenBy}) OR write_id = ${writeId})
      RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at`,
  });
}

function markedOrNot(andWrittenBy: Fragment<RevokeCommand>): StatementFor<RevokeCommand> {
  return either(
    ({ dirty }) => dirty,
    revoking({ andWrittenBy, andMark: sql`, ${mark}` }),
    revoking({ andWrittenBy, andMark: nothing }),
  );
}
