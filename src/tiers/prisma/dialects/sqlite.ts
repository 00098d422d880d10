import { PREVIOUS_KEYS_MAX, SQLITE_BUSY_TIMEOUT_MS, STORAGE_KEY_BYTES } from '../../../limits.ts';
import type {
  FeedPosition,
  InsertCommand,
  RegenerateCommand,
  RevokeCommand,
  RevokeManyCommand,
  TouchCommand,
  UpdateCommand,
} from '../../tier.ts';
import { type Dialect, firstMoment, lastMoment, positionOf, type Statement } from '../dialect.ts';
import {
  type ColumnName,
  type ColumnType,
  FEED_COLUMNS,
  INSERT_COLUMNS,
  RECORD_COLUMNS,
  STATE_COLUMNS,
  UPDATE_COLUMNS,
} from '../table.ts';

const REMEMBERED_BYTES = PREVIOUS_KEYS_MAX * STORAGE_KEY_BYTES;

/**
 * Julian days count in SQLite what milliseconds do elsewhere; the 1st of January 1970 began at 2440587.5. `unixepoch`
 * tells no milliseconds before SQLite 3.42. Read once in a statement, after it got the lock of the writer.
 */
export const CLOCK = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";
/** For a SET list; one without it leaves the index of the marks alone. `max` of anything and null is null. */
const MARK = `dirty_at = max(COALESCE(dirty_at, 0), ${CLOCK})`;

/**
 * SQLite 3.35 and later (`RETURNING`). One writer at a time, so there are no rows to lock. Parameters are plain `?`,
 * in order and repeated where needed: `better-sqlite3` takes `?1` for a named one.
 */
export class Sqlite implements Dialect {
  readonly oneConnection = true;
  readonly settings: readonly Statement[] = [{ text: `PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`, values: [] }];
  readonly probe: Statement = { text: `SELECT false AS standby, ${CLOCK} AS now`, values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^BLOB$/i,
    integer: /^(BIGINT|INTEGER)$/i,
    text: /^TEXT$/i,
  };
  readonly describe: Statement;
  readonly rehearsals: readonly Statement[];
  readonly #table: string;

  constructor(table: string) {
    this.#table = `"${table}"`;
    this.describe = describe(table);
    this.rehearsals = rehearse(this.#table);
  }

  insert(namespace: string, { record, writeId, validUntil }: InsertCommand): Statement {
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x''
WHERE ${CLOCK} <= ?
ON CONFLICT DO NOTHING`,
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
        BigInt(record.idleExpiresAt),
        BigInt(record.absoluteExpiresAt),
        lastMoment(validUntil),
      ],
    };
  }

  read(namespace: string, storageKey: Buffer, columns: readonly ColumnName[]): Statement {
    return {
      text: `SELECT ${columns.join(', ')} FROM ${this.#table}
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL`,
      values: [storageKey, namespace],
    };
  }

  /** The second half of the last condition lets a write whose answer was lost be sent again: it finds itself. */
  update(namespace: string, { record, writeId, validUntil, dirty, aliveAt }: UpdateCommand): Statement {
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  last_seen_at = max(last_seen_at, ?), idle_expires_at = max(idle_expires_at, ?)${dirty ? `, ${MARK}` : ''}
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((revision = ? - 1 AND ${CLOCK} <= ?) OR (revision = ? AND write_id = ?))`,
      values: [
        record.userKey,
        revision,
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.lastSeenAt),
        BigInt(record.idleExpiresAt),
        record.storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        revision,
        lastMoment(validUntil),
        revision,
        writeId,
      ],
    };
  }

  /** Joined blobs become text, of which `substr` would count characters: hence the cast. */
  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, validUntil, dirty, aliveAt, previousStorageKey, regeneratedAt } = command;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  last_seen_at = max(last_seen_at, ?), idle_expires_at = max(idle_expires_at, ?),
  storage_key = ?, created_at = ?, absolute_expires_at = ?, rotated_at = ?,
  previous_keys = CASE WHEN storage_key = ?
    THEN substr(CAST(previous_keys || ? AS BLOB), -${REMEMBERED_BYTES})
    ELSE previous_keys END${dirty ? `, ${MARK}` : ''}
WHERE namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((storage_key = ? AND revision = ? - 1 AND ${CLOCK} <= ?)
    OR (storage_key = ? AND revision = ? AND write_id = ?))`,
      values: [
        record.userKey,
        revision,
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.lastSeenAt),
        BigInt(record.idleExpiresAt),
        record.storageKey,
        BigInt(record.createdAt),
        BigInt(record.absoluteExpiresAt),
        BigInt(regeneratedAt),
        previousStorageKey,
        previousStorageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(aliveAt),
        previousStorageKey,
        revision,
        lastMoment(validUntil),
        record.storageKey,
        revision,
        writeId,
      ],
    };
  }

  touch(namespace: string, { storageKey, lastSeenAt, idleExpiresAt, aliveAt }: TouchCommand): Statement {
    return {
      text: `UPDATE ${this.#table} SET
  last_seen_at = max(last_seen_at, ?), idle_expires_at = max(idle_expires_at, ?)
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
RETURNING ${STATE_COLUMNS.join(', ')}`,
      values: [BigInt(lastSeenAt), BigInt(idleExpiresAt), storageKey, namespace, BigInt(aliveAt), BigInt(aliveAt)],
    };
  }

  revoke(namespace: string, { storageKey, writeId, validUntil, revokedAt, dirty }: RevokeCommand): Statement {
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''${dirty ? `, ${MARK}` : ''}
WHERE storage_key = ? AND namespace = ?
  AND ((revoked_at IS NULL AND ${CLOCK} <= ?) OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at`,
      values: [BigInt(revokedAt), writeId, storageKey, namespace, lastMoment(validUntil), writeId],
    };
  }

  revokeMany(namespace: string, command: RevokeManyCommand): Statement {
    const { of, except, after, limit, writeId, validUntil, revokedAt } = command;
    const ofUser = of === 'everyone' ? '' : ` AND user_key IN (${placeholders(of)})`;
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x'', ${MARK}
WHERE ${CLOCK} <= ? AND storage_key IN (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?)${ofUser}
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at`,
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

  findRegenerated(namespace: string, previousStorageKey: Buffer, since: number): Statement {
    return {
      text: `SELECT storage_key, previous_keys FROM ${this.#table}
WHERE rotated_at >= ? AND namespace = ? AND revoked_at IS NULL AND instr(previous_keys, ?) > 0`,
      values: [BigInt(since), namespace, previousStorageKey],
    };
  }
}

export function describe(table: string): Statement {
  return {
    text: `SELECT name, type, pk = 1 AND (SELECT max(pk) FROM pragma_table_info(?)) = 1 AS identifies FROM pragma_table_info(?)`,
    values: [table, table],
  };
}

/** A database that cannot be written says so before rows are looked for. The insert would need a row, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`, values: [] },
    { text: `UPDATE ${table} SET ${changes} WHERE false`, values: [] },
  ];
}

function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
