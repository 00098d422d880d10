import { PREVIOUS_KEYS_MAX, SQLITE_BUSY_TIMEOUT_MS, STORAGE_KEY_BYTES } from '../../../limits.ts';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import type { RegenerateCommand, RevokeManyCommand, TouchCommand, UpdateCommand } from '../../tier.ts';
import type { Dialect, Statement } from '../dialect.ts';
import {
  type ColumnName,
  type ColumnType,
  INSERT_COLUMNS,
  RECORD_COLUMNS,
  STATE_COLUMNS,
  UPDATE_COLUMNS,
} from '../table.ts';

const REMEMBERED_BYTES = PREVIOUS_KEYS_MAX * STORAGE_KEY_BYTES;

/**
 * SQLite 3.35 and later (`RETURNING`). One writer at a time, so there are no rows to lock. Parameters are plain `?`,
 * in order and repeated where needed: `better-sqlite3` takes `?1` for a named one.
 */
export class Sqlite implements Dialect {
  readonly oneConnection = true;
  readonly settings: readonly Statement[] = [{ text: `PRAGMA busy_timeout = ${SQLITE_BUSY_TIMEOUT_MS}`, values: [] }];
  readonly probe: Statement = { text: 'SELECT false AS standby', values: [] };
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

  insert(namespace: string, record: SealedRecord, writeId: Buffer): Statement {
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x'')
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
  update(namespace: string, { record, writeId, aliveAt }: UpdateCommand): Statement {
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  last_seen_at = max(last_seen_at, ?), idle_expires_at = max(idle_expires_at, ?)
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND (revision = ? - 1 OR (revision = ? AND write_id = ?))`,
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
        revision,
        writeId,
      ],
    };
  }

  /** Joined blobs become text, of which `substr` would count characters: hence the cast. */
  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, aliveAt, previousStorageKey, regeneratedAt } = command;
    const revision = BigInt(record.revision);
    return {
      text: `UPDATE ${this.#table} SET user_key = ?, revision = ?, write_id = ?, envelope = ?, key_id = ?,
  last_seen_at = max(last_seen_at, ?), idle_expires_at = max(idle_expires_at, ?),
  storage_key = ?, created_at = ?, absolute_expires_at = ?, rotated_at = ?,
  previous_keys = CASE WHEN storage_key = ?
    THEN substr(CAST(previous_keys || ? AS BLOB), -${REMEMBERED_BYTES})
    ELSE previous_keys END
WHERE namespace = ? AND revoked_at IS NULL
  AND idle_expires_at >= ? AND absolute_expires_at > ?
  AND ((storage_key = ? AND revision = ? - 1)
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

  revoke(namespace: string, storageKey: Buffer, writeId: Buffer, revokedAt: number): Statement {
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''
WHERE storage_key = ? AND namespace = ? AND (revoked_at IS NULL OR write_id = ?)
RETURNING storage_key, idle_expires_at, absolute_expires_at`,
      values: [BigInt(revokedAt), writeId, storageKey, namespace, writeId],
    };
  }

  revokeMany(namespace: string, { of, except, after, limit, writeId, revokedAt }: RevokeManyCommand): Statement {
    const ofUser = of === 'everyone' ? '' : `AND user_key IN (${placeholders(of)})`;
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, ?), write_id = ?, envelope = x''
WHERE storage_key IN (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = ? AND storage_key > ? AND (revoked_at IS NULL OR write_id = ?)
    AND (? IS NULL OR storage_key <> ?) ${ofUser}
  ORDER BY storage_key LIMIT ?
)
RETURNING storage_key, idle_expires_at, absolute_expires_at`,
      values: [
        BigInt(revokedAt),
        writeId,
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

function describe(table: string): Statement {
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
