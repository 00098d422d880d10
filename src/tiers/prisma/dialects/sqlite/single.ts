import { PREVIOUS_KEYS_MAX } from '../../../../limits/durable-tier.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { FeedPosition, RegenerateCommand, RevokeCommand, RevokeManyCommand } from '../../../durable.ts';
import { firstMoment, lastMoment, positionOf, type SingleStatements, type Statement } from '../../dialect.ts';
import { FEED_COLUMNS, RECORD_COLUMNS } from '../../table.ts';
import { CLOCK, holds, MARK, MARKED_AT, placeholders, timesOf } from './sql.ts';

const REMEMBERED_BYTES = PREVIOUS_KEYS_MAX * STORAGE_KEY_BYTES;

export class SqliteSingle implements SingleStatements {
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#table = table;
  }

  /** Joined blobs become text, of which `substr` would count characters: hence the cast. */
  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, validUntil, dirty, aliveAt, replaces, previousStorageKey, regeneratedAt } = command;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?, storage_key = ?, rotated_at = ?,
  previous_keys = CASE WHEN storage_key = ?
    THEN substr(CAST(previous_keys || ? AS BLOB), -${REMEMBERED_BYTES})
    ELSE previous_keys END${dirty ? `, ${MARK}` : ''}
WHERE namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((storage_key = ? AND revision = ? - 1 AND ${holds('?')} AND ${CLOCK} <= ?)
    OR (storage_key = ? AND revision = ? AND write_id = ?))`,
      values: [
        record.userKey,
        revision,
        writeId,
        record.envelope,
        record.keyId,
        ...timesOf(record),
        record.storageKey,
        BigInt(regeneratedAt),
        previousStorageKey,
        previousStorageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        previousStorageKey,
        revision,
        replaces,
        lastMoment(validUntil),
        record.storageKey,
        revision,
        writeId,
      ],
    };
  }

  revoke(namespace: string, command: RevokeCommand): Statement {
    const { storageKey, writeId, validUntil, revokedAt, dirty, writtenBy } = command;
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''${dirty ? `, ${MARK}` : ''}
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND ${CLOCK} <= ?${writtenBy ? ' AND write_id = ?' : ''}) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at`,
      values: [
        BigInt(revokedAt),
        writeId,
        storageKey,
        namespace,
        lastMoment(validUntil),
        ...(writtenBy ? [writtenBy] : []),
        writeId,
      ],
    };
  }

  /** Late, it writes each row as it is: an UPDATE answers only the rows that it writes. */
  revokeMany(namespace: string, command: RevokeManyCommand): Statement {
    const { of, except, after, limit, writeId, validUntil, revokedAt } = command;
    const ofUser = of === 'everyone' ? '' : ` AND user_key IN (${placeholders(of)})`;
    return {
      text: `UPDATE ${this.#table} SET
  revision = iif(is_met AND revoked_at IS NULL, revision + 1, revision),
  revoked_at = iif(is_met, COALESCE(revoked_at, ?), revoked_at), write_id = iif(is_met, ?, write_id),
  envelope = iif(is_met, x'', envelope), dirty_at = iif(is_met, ${MARKED_AT}, dirty_at)
FROM (SELECT ${CLOCK} <= ? AS is_met) AS in_time
WHERE storage_key IN (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?)${ofUser}
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at, rotated_at, revoked_at IS NULL AS is_late`,
      values: [
        BigInt(revokedAt),
        writeId,
        lastMoment(validUntil),
        namespace,
        after,
        writeId,
        except,
        except,
        ...(of === 'everyone' ? [] : of),
        BigInt(limit),
      ],
    };
  }

  markDirty(namespace: string, storageKey: Buffer): Statement {
    return {
      text: `UPDATE ${this.#table} SET ${MARK}
WHERE storage_key = ? AND namespace = ?`,
      values: [storageKey, namespace],
    };
  }

  /** That marks are not null is said once more, since a comparison of rows does not lead the planner to a partial index. */
  readFeed(namespace: string, after: FeedPosition | number, limit: number): Statement {
    const columns = FEED_COLUMNS.join(', ');
    return {
      text: `SELECT now, ${columns}
FROM (SELECT ${CLOCK} AS now) AS clock LEFT JOIN (
  SELECT ${columns} FROM ${this.#table}
  WHERE namespace = ? AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > (?, ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key`,
      values: [namespace, ...positionOf(after), BigInt(limit)],
    };
  }

  /** Two comparisons for the two indexes, and the third for rows that have both times. */
  clearFeed(namespace: string, before: number, limit: number): Statement {
    const settledBefore = firstMoment(before);
    return {
      text: `UPDATE ${this.#table} SET dirty_at = NULL, rotated_at = NULL, previous_keys = x''
WHERE storage_key IN (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = ? AND (dirty_at < ? OR rotated_at < ?)
    AND max(COALESCE(dirty_at, 0), COALESCE(rotated_at, 0)) < ?
  LIMIT ?
)`,
      values: [namespace, settledBefore, settledBefore, settledBefore, BigInt(limit)],
    };
  }

  listByUser(namespace: string, userKeys: readonly Buffer[], after: Buffer, limit: number): Statement {
    return {
      text: `SELECT ${RECORD_COLUMNS.join(', ')} FROM ${this.#table}
WHERE user_key IN (${placeholders(userKeys)}) AND namespace = ? AND revoked_at IS NULL AND storage_key > ?
ORDER BY storage_key LIMIT ?`,
      values: [...userKeys, namespace, after, BigInt(limit)],
    };
  }
}
