import type { RecordState } from '../../../../session/sealed-record.ts';
import type { InsertCommand, TouchCommand, UpdateCommand } from '../../../durable.ts';
import { isThere, ofOne, stateOrNull } from '../../answers.ts';
import { lastMoment, type SharedStatement } from '../../dialect.ts';
import { INSERT_COLUMNS, STATE_COLUMNS } from '../../table.ts';
import { answered, CLOCK, holds, MARK, timesOf } from './sql.ts';

/** What `SqliteShared` says, for a call without company: to go through a list of rows costs as much again as one row does. */
export class SqliteOneRow {
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#table = table;
  }

  insert(namespace: string, { record, writeId, validUntil }: InsertCommand): SharedStatement<boolean> {
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE ${CLOCK} <= ?
ON CONFLICT DO NOTHING
RETURNING storage_key`,
      values: [
        record.storageKey,
        namespace,
        record.userKey,
        BigInt(record.revision),
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.createdAt),
        BigInt(record.lastSeenAt),
        BigInt(record.idleLifetimeMs),
        BigInt(record.idleExpiresAt),
        BigInt(record.absoluteExpiresAt),
        lastMoment(validUntil),
      ],
      answers: ofOne(isThere),
    };
  }

  update(namespace: string, command: UpdateCommand): SharedStatement<boolean> {
    const { record, writeId, validUntil, dirty, aliveAt, replaces } = command;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  created_at = ?, last_seen_at = max(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = min(max(last_seen_at, ?) + ?, ?), absolute_expires_at = ?${dirty ? `, ${MARK}` : ''}
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND ${holds('?')} AND ${CLOCK} <= ?) OR (revision = ? AND write_id = ?))
RETURNING storage_key`,
      values: [
        record.userKey,
        revision,
        writeId,
        record.envelope,
        record.keyId,
        ...timesOf(record),
        record.storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        revision,
        replaces,
        lastMoment(validUntil),
        revision,
        writeId,
      ],
      answers: ofOne(isThere),
    };
  }

  touch(
    namespace: string,
    { storageKey, lastSeenAt, aliveAt, longestPauseMs }: TouchCommand,
  ): SharedStatement<RecordState | null> {
    return {
      text: `UPDATE ${this.#table} SET
  last_seen_at = max(last_seen_at, ?),
  idle_expires_at = max(idle_expires_at, min(? + idle_lifetime, absolute_expires_at))
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ? AND idle_lifetime >= ?
RETURNING ${answered(['storage_key', ...STATE_COLUMNS]).join(', ')}`,
      values: [
        BigInt(lastSeenAt),
        BigInt(lastSeenAt),
        storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        BigInt(longestPauseMs),
      ],
      answers: ofOne(stateOrNull),
    };
  }
}
