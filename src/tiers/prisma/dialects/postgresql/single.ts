import { PREVIOUS_KEYS_MAX } from '../../../../limits/durable-tier.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { FeedPosition, RegenerateCommand, RevokeCommand, RevokeManyCommand } from '../../../durable.ts';
import { firstMoment, lastMoment, positionOf, type SingleStatements, type Statement } from '../../dialect.ts';
import { FEED_COLUMNS, RECORD_COLUMNS } from '../../table.ts';
import { CLOCK_BEFORE_SNAPSHOT, holds, lock, MARK } from './sql.ts';

/** Bytes of earlier keys that may stay when one more is appended. */
const KEPT_BYTES = (PREVIOUS_KEYS_MAX - 1) * STORAGE_KEY_BYTES;

export class PostgresqlSingle implements SingleStatements {
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#table = table;
  }

  /**
   * Not joined with `locked` by key: when the same write, sent before, moves the row while this waits for it, the lock is
   * that of the new key, and the snapshot holds the old one. Where both keys are rows, storing one twice fails.
   */
  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, validUntil, dirty, aliveAt, replaces, previousStorageKey, regeneratedAt } = command;
    const rows = `namespace = $9::text AND revoked_at IS NULL
      AND idle_expires_at >= $10::bigint AND absolute_expires_at > $10::bigint
      AND ((storage_key = $14::bytea AND revision = $2::bigint - 1 AND ${holds('$16::bytea')})
        OR (storage_key = $8::bytea AND revision = $2::bigint AND write_id = $3::bytea))`;
    return {
      text: `${lock(this.#table, rows, 'storage_key = $8::bytea', 'FOR UPDATE')}
UPDATE ${this.#table} AS session SET user_key = $1::bytea, revision = $2::bigint, write_id = $3::bytea, envelope = $4::bytea, key_id = $5::bytea,
  last_seen_at = GREATEST(last_seen_at, $6::bigint), idle_lifetime = $7::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $6::bigint) + $7::bigint, $12::bigint),
  storage_key = $8::bytea, created_at = $11::bigint, absolute_expires_at = $12::bigint, rotated_at = $13::bigint,
  previous_keys = CASE WHEN session.storage_key = $14::bytea
    THEN substr(previous_keys || $14::bytea, GREATEST(octet_length(previous_keys) - ${KEPT_BYTES}, 0) + 1)
    ELSE previous_keys END${dirty ? `, ${MARK}` : ''}
FROM locked
WHERE session.storage_key IN ($14::bytea, $8::bytea) AND (locked.is_repeat OR locked.now <= $15::bigint)`,
      values: [
        record.userKey,
        BigInt(record.revision),
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.lastSeenAt),
        BigInt(record.idleLifetimeMs),
        record.storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(record.createdAt),
        BigInt(record.absoluteExpiresAt),
        BigInt(regeneratedAt),
        previousStorageKey,
        lastMoment(validUntil),
        replaces,
      ],
    };
  }

  revoke(namespace: string, command: RevokeCommand): Statement {
    const { storageKey, writeId, validUntil, revokedAt, dirty, writtenBy } = command;
    const rows = `storage_key = $3::bytea AND namespace = $4::text AND (${writtenBy ? '(revoked_at IS NULL AND write_id = $6::bytea)' : 'revoked_at IS NULL'} OR write_id = $2::bytea)`;
    return {
      text: `${lock(this.#table, rows, 'revoked_at IS NOT NULL', 'FOR NO KEY UPDATE')}
UPDATE ${this.#table} AS session SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $1::bigint), write_id = $2::bytea, envelope = ''::bytea${dirty ? `, ${MARK}` : ''}
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $5::bigint)
RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at`,
      values: [
        BigInt(revokedAt),
        writeId,
        storageKey,
        namespace,
        lastMoment(validUntil),
        ...(writtenBy ? [writtenBy] : []),
      ],
    };
  }

  /**
   * Rows are locked in order: statements that lock many rows in the order of their plans deadlock. The time is that of
   * the last lock, since the largest of all is known only when there are no more; where that is too late, a division by zero says so. A row that a regenerate moves while this waits for its lock comes back from `locked` under its new key, which the snapshot of
   * `revoked` does not hold yet. It is answered without deadlines, and the statement has to run once more.
   */
  revokeMany(namespace: string, command: RevokeManyCommand): Statement {
    const { of, except, after, limit, writeId, validUntil, revokedAt } = command;
    const rows = `namespace = $4::text AND storage_key > $3::bytea AND (revoked_at IS NULL OR write_id = $2::bytea)
      AND ($5::bytea IS NULL OR storage_key <> $5::bytea)${of === 'everyone' ? '' : ' AND user_key = ANY($8::bytea[])'}
    ORDER BY storage_key LIMIT $6::bigint`;
    return {
      text: `${lock(this.#table, rows, 'revoked_at IS NOT NULL', 'FOR NO KEY UPDATE')}, in_time AS MATERIALIZED (
  SELECT 1 / (bool_and(is_repeat) OR max(now) <= $7::bigint)::integer = 1 AS is_met FROM locked
), revoked AS (
  UPDATE ${this.#table} AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $1::bigint), write_id = $2::bytea, envelope = ''::bytea, ${MARK}
  FROM locked, in_time WHERE session.storage_key = locked.storage_key AND in_time.is_met
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at, rotated_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at, rotated_at
FROM in_time JOIN locked ON in_time.is_met LEFT JOIN revoked USING (storage_key)`,
      values: [
        BigInt(revokedAt),
        writeId,
        after,
        namespace,
        except,
        BigInt(limit),
        lastMoment(validUntil),
        ...(of === 'everyone' ? [] : [of]),
      ],
    };
  }

  markDirty(namespace: string, storageKey: Buffer): Statement {
    return {
      text: `${lock(this.#table, 'storage_key = $1::bytea AND namespace = $2::text', 'false', 'FOR NO KEY UPDATE')}
UPDATE ${this.#table} AS session SET ${MARK}
FROM locked
WHERE session.storage_key = locked.storage_key`,
      values: [storageKey, namespace],
    };
  }

  /** That marks are not null is said once more, since a comparison of rows does not lead the planner to a partial index. */
  readFeed(namespace: string, after: FeedPosition | number, limit: number): Statement {
    const columns = FEED_COLUMNS.join(', ');
    return {
      text: `SELECT now, ${columns}
FROM (SELECT ${CLOCK_BEFORE_SNAPSHOT} AS now) AS clock LEFT JOIN (
  SELECT ${columns} FROM ${this.#table}
  WHERE namespace = $1::text AND dirty_at IS NOT NULL AND (dirty_at, storage_key) > ($2::bigint, $3::bytea)
  ORDER BY dirty_at, storage_key LIMIT $4::bigint
) AS feed ON true
ORDER BY dirty_at, storage_key`,
      values: [namespace, ...positionOf(after), BigInt(limit)],
    };
  }

  /** Two comparisons for the two indexes, and the third for rows that have both times. Who holds a row is changing it. */
  clearFeed(namespace: string, before: number, limit: number): Statement {
    return {
      text: `WITH settled AS MATERIALIZED (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = $1::text AND (dirty_at < $2::bigint OR rotated_at < $2::bigint)
    AND GREATEST(dirty_at, rotated_at) < $2::bigint
  LIMIT $3::bigint FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE ${this.#table} AS session SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''::bytea
FROM settled
WHERE session.storage_key = settled.storage_key`,
      values: [namespace, firstMoment(before), BigInt(limit)],
    };
  }

  listByUser(namespace: string, userKeys: readonly Buffer[], after: Buffer, limit: number): Statement {
    return {
      text: `SELECT ${RECORD_COLUMNS.join(', ')} FROM ${this.#table}
WHERE user_key = ANY($1::bytea[]) AND namespace = $2::text AND revoked_at IS NULL AND storage_key > $3::bytea
ORDER BY storage_key LIMIT $4::bigint`,
      values: [userKeys, namespace, after, BigInt(limit)],
    };
  }
}
