import { PREVIOUS_KEYS_MAX } from '../../../../limits/durable-tier.ts';
import { STORAGE_KEY_BYTES } from '../../../../limits/session.ts';
import type { FeedPosition, RegenerateCommand, RevokeCommand, RevokeManyCommand } from '../../../durable.ts';
import { firstMoment, lastMoment, positionOf, type SingleStatements, type Statement } from '../../dialect.ts';
import { bytes, type Row } from '../../rows.ts';
import { FEED_COLUMNS, RECORD_COLUMNS } from '../../table.ts';
import { MysqlOneRow } from './one-row.ts';
import { CLOCK, CLOCK_AT_START, holds, MARK, placeholders, TIMES, timesOf, unless } from './sql.ts';

const REMEMBERED_BYTES = PREVIOUS_KEYS_MAX * STORAGE_KEY_BYTES;
const REVOKED_COLUMNS = 'storage_key, idle_expires_at, absolute_expires_at, rotated_at';

/** In a SET list each expression sees what those before it have set: so what others ask for comes last. */
export class MysqlSingle implements SingleStatements {
  readonly #oneRow: MysqlOneRow;
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#oneRow = new MysqlOneRow(table);
    this.#table = table;
  }

  /**
   * Looks for the old key only: to look for the new one as well, which is seldom there, would lock the gap where it
   * belongs, and two who hold that gap wait for each other. A repeat finds no row, having waited for whoever moves it, and reads what became of it.
   */
  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, validUntil, dirty, aliveAt, replaces, previousStorageKey, regeneratedAt } = command;
    const { storageKey } = record;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, envelope = ?, key_id = ?,
  ${TIMES}, rotated_at = ?,
  previous_keys = RIGHT(CONCAT(previous_keys, storage_key), ${REMEMBERED_BYTES})${dirty ? `, ${MARK}` : ''},
  revision = ?, write_id = ?, storage_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND revision = ? - 1 AND ${holds('?')} AND ${CLOCK} <= ?`,
      values: [
        record.userKey,
        record.envelope,
        record.keyId,
        ...timesOf(record),
        BigInt(regeneratedAt),
        revision,
        writeId,
        storageKey,
        previousStorageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        revision,
        replaces,
        lastMoment(validUntil),
      ],
      answer: (count) =>
        count > 0 ? [{ storage_key: storageKey }] : this.#oneRow.written(namespace, storageKey, revision, writeId),
    };
  }

  /** Nobody changes the write id of a revoked row, so the read afterwards finds what this write did, and only that. */
  revoke(namespace: string, command: RevokeCommand): Statement {
    const { storageKey, writeId, validUntil, revokedAt, dirty, writtenBy } = command;
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END, envelope = ''${dirty ? `, ${MARK}` : ''},
  write_id = ?, revoked_at = COALESCE(revoked_at, ?)
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND ${CLOCK} <= ?${writtenBy ? ' AND write_id = ?' : ''}) OR write_id = ?)`,
      values: [
        writeId,
        BigInt(revokedAt),
        storageKey,
        namespace,
        lastMoment(validUntil),
        ...(writtenBy ? [writtenBy] : []),
        writeId,
      ],
      answer: () => ({
        text: `SELECT ${REVOKED_COLUMNS} FROM ${this.#table}
WHERE storage_key = ? AND namespace = ? AND write_id = ? AND revoked_at IS NOT NULL`,
        values: [storageKey, namespace, writeId],
      }),
    };
  }

  /**
   * To change rows along the index of users would lock that before the rows, and everybody else locks them the other way
   * round. So they are found first. The statement is repeated until it gets all that it found: who moved one, or ended it
   * first, may have left others. Each row looks at the clock when it is held. One that is late fails the change as a whole, with `too-late`.
   */
  revokeMany(namespace: string, command: RevokeManyCommand): Statement {
    const { of, except, after, limit, writeId, validUntil, revokedAt } = command;
    const ofUser = of === 'everyone' ? '' : ` AND user_key IN (${placeholders(of)})`;
    const ofWhom = of === 'everyone' ? [] : of;
    const change = (storageKeys: readonly Buffer[]): Statement => ({
      text: `UPDATE ${this.#table} FORCE INDEX (PRIMARY) SET
  revision = ${unless(`${CLOCK} > ?`, 'revision + 1')}, envelope = '', ${MARK}, write_id = ?, revoked_at = ?
WHERE storage_key IN (${placeholders(storageKeys)}) AND namespace = ?${ofUser} AND revoked_at IS NULL
ORDER BY storage_key`,
      values: [lastMoment(validUntil), writeId, BigInt(revokedAt), ...storageKeys, namespace, ...ofWhom],
    });
    return {
      text: `SELECT ${REVOKED_COLUMNS}, revoked_at FROM ${this.#table}
WHERE namespace = ? AND storage_key > ?${except ? ' AND storage_key <> ?' : ''}${ofUser}
  AND (revoked_at IS NULL OR write_id = ?)
ORDER BY storage_key LIMIT ?`,
      values: [namespace, after, ...(except ? [except] : []), ...ofWhom, writeId, BigInt(limit)],
      change: (found) => {
        const alive = found.filter((row) => row['revoked_at'] === null).map((row) => bytes(row, 'storage_key'));
        if (alive.length === 0) return found;
        return { ...change(alive), answer: (count) => (count === alive.length ? found : found.map(moved)) };
      },
    };
  }

  markDirty(namespace: string, storageKey: Buffer): Statement {
    return {
      text: `UPDATE ${this.#table} SET ${MARK}
WHERE storage_key = ? AND namespace = ?`,
      values: [storageKey, namespace],
    };
  }

  /** A comparison of rows would not be answered from the index. */
  readFeed(namespace: string, after: FeedPosition | number, limit: number): Statement {
    const columns = FEED_COLUMNS.join(', ');
    const [dirtyAt, storageKey] = positionOf(after);
    return {
      text: `SELECT now, ${columns}
FROM (SELECT ${CLOCK_AT_START} AS now) AS clock LEFT JOIN (
  SELECT ${columns} FROM ${this.#table}
  WHERE namespace = ? AND dirty_at >= ? AND (dirty_at > ? OR storage_key > ?)
  ORDER BY dirty_at, storage_key LIMIT ?
) AS feed ON true
ORDER BY dirty_at, storage_key`,
      values: [namespace, dirtyAt, dirtyAt, storageKey, BigInt(limit)],
    };
  }

  /** Two lists for the two indexes, and then the rows by their keys: see `revokeMany`. */
  clearFeed(namespace: string, before: number, limit: number): Statement {
    const settledBefore = firstMoment(before);
    const settled = `namespace = ? AND COALESCE(dirty_at, 0) < ? AND COALESCE(rotated_at, 0) < ?`;
    const ofSettled = [namespace, settledBefore, settledBefore];
    const list = (time: string): string => `(SELECT storage_key FROM ${this.#table}
  WHERE ${time} < ? AND ${settled} LIMIT ?)`;
    const ofList = [settledBefore, ...ofSettled, BigInt(limit)];
    return {
      text: `${list('dirty_at')}
UNION ${list('rotated_at')}
ORDER BY storage_key LIMIT ?`,
      values: [...ofList, ...ofList, BigInt(limit)],
      change: (found) => {
        if (found.length === 0) return found;
        const storageKeys = found.map((row) => bytes(row, 'storage_key'));
        return {
          text: `UPDATE ${this.#table} FORCE INDEX (PRIMARY) SET dirty_at = NULL, rotated_at = NULL, previous_keys = ''
WHERE storage_key IN (${placeholders(storageKeys)}) AND (dirty_at IS NOT NULL OR rotated_at IS NOT NULL) AND ${settled}
ORDER BY storage_key`,
          values: [...storageKeys, ...ofSettled],
        };
      },
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

/** What `SingleStatements.revokeMany` answers for a row that is to be looked for again. */
function moved({ storage_key }: Row): Row {
  return { storage_key, idle_expires_at: null, absolute_expires_at: null };
}
