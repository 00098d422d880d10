import type { RecordState } from '../../../../session/sealed-record.ts';
import type { TouchCommand, UpdateCommand } from '../../../durable.ts';
import { isThere, ofOne, stateOrNull } from '../../answers.ts';
import { lastMoment, type SharedStatement, type Statement } from '../../dialect.ts';
import { STATE_COLUMNS } from '../../table.ts';
import { answered, CLOCK, holds, MARK, TIMES, timesOf } from './sql.ts';

/** One row, found by its primary key: it is locked before the condition is looked at, so the clock is that of the lock. */
export class MysqlOneRow {
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#table = table;
  }

  /**
   * A count of one is certain. None may also come from a driver that counts only rows that look different afterwards
   * (`foundRows: false`), when a repeat finds itself done: then the row tells.
   */
  update(namespace: string, command: UpdateCommand): SharedStatement<boolean> {
    const { record, writeId, validUntil, dirty, aliveAt, replaces } = command;
    const { storageKey } = record;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, envelope = ?, key_id = ?,
  ${TIMES}${dirty ? `, ${MARK}` : ''},
  revision = ?, write_id = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND ${holds('?')} AND ${CLOCK} <= ?) OR (revision = ? AND write_id = ?))`,
      values: [
        record.userKey,
        record.envelope,
        record.keyId,
        ...timesOf(record),
        revision,
        writeId,
        storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        revision,
        replaces,
        lastMoment(validUntil),
        revision,
        writeId,
      ],
      answer: (count) =>
        count > 0 ? [{ storage_key: storageKey }] : this.written(namespace, storageKey, revision, writeId),
      answers: ofOne(isThere),
    };
  }

  /** The row, if this write made it what it is. */
  written(namespace: string, storageKey: Buffer, revision: bigint, writeId: Buffer): Statement {
    return {
      text: `SELECT storage_key FROM ${this.#table}
WHERE storage_key = ? AND namespace = ? AND revision = ? AND write_id = ? AND revoked_at IS NULL`,
      values: [storageKey, namespace, revision, writeId],
    };
  }

  touch(
    namespace: string,
    { storageKey, lastSeenAt, aliveAt, longestPauseMs }: TouchCommand,
  ): SharedStatement<RecordState | null> {
    const seenAt = BigInt(lastSeenAt);
    const alive = `storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ? AND idle_lifetime >= ?`;
    const ofRow = [storageKey, namespace, BigInt(aliveAt), BigInt(aliveAt), BigInt(longestPauseMs)];
    return {
      text: `UPDATE ${this.#table} SET
  last_seen_at = GREATEST(last_seen_at, ?),
  idle_expires_at = GREATEST(idle_expires_at, LEAST(? + idle_lifetime, absolute_expires_at))
WHERE ${alive}`,
      values: [seenAt, seenAt, ...ofRow],
      answer: () => ({
        text: `SELECT ${answered(['storage_key', ...STATE_COLUMNS]).join(', ')} FROM ${this.#table}
WHERE ${alive} AND last_seen_at >= ?`,
        values: [...ofRow, seenAt],
      }),
      answers: ofOne(stateOrNull),
    };
  }
}
