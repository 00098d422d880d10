import { PREVIOUS_KEYS_MAX, STORAGE_KEY_BYTES } from '../../../limits.ts';
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

/** Bytes of earlier keys that may stay when one more is appended. */
const KEPT_BYTES = (PREVIOUS_KEYS_MAX - 1) * STORAGE_KEY_BYTES;

/**
 * PostgreSQL, at READ COMMITTED. Every parameter is cast: the driver sends values without types, and what the server
 * infers for `$1` next to a function is not always what the column holds.
 */
export class Postgresql implements Dialect {
  readonly oneConnection = false;
  readonly settings: readonly Statement[] = [];
  readonly probe: Statement = { text: 'SELECT pg_is_in_recovery() AS standby', values: [] };
  readonly accepts: Readonly<Record<ColumnType, RegExp>> = {
    bytes: /^bytea$/,
    integer: /^bigint$/,
    text: /^(text|character varying)$/,
  };
  readonly describe: Statement;
  readonly rehearsals: readonly Statement[];
  readonly #table: string;

  constructor(table: string) {
    this.#table = `"${table}"`;
    this.describe = describe(this.#table);
    this.rehearsals = rehearse(this.#table);
  }

  insert(namespace: string, record: SealedRecord, writeId: Buffer): Statement {
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
VALUES ($1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, ''::bytea)
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
WHERE storage_key = $1::bytea AND namespace = $2::text AND revoked_at IS NULL`,
      values: [storageKey, namespace],
    };
  }

  /** The second half of the last condition lets a write whose answer was lost be sent again: it finds itself. */
  update(namespace: string, { record, writeId, aliveAt }: UpdateCommand): Statement {
    return {
      text: `UPDATE ${this.#table} SET user_key = $1::bytea, revision = $2::bigint, write_id = $3::bytea, envelope = $4::bytea, key_id = $5::bytea,
  last_seen_at = GREATEST(last_seen_at, $6::bigint), idle_expires_at = GREATEST(idle_expires_at, $7::bigint)
WHERE storage_key = $8::bytea AND namespace = $9::text AND revoked_at IS NULL
  AND idle_expires_at >= $10::bigint AND absolute_expires_at > $10::bigint
  AND (revision = $2::bigint - 1 OR (revision = $2::bigint AND write_id = $3::bytea))`,
      values: [
        record.userKey,
        BigInt(record.revision),
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.lastSeenAt),
        BigInt(record.idleExpiresAt),
        record.storageKey,
        namespace,
        BigInt(aliveAt),
      ],
    };
  }

  regenerate(namespace: string, command: RegenerateCommand): Statement {
    const { record, writeId, aliveAt, previousStorageKey, regeneratedAt } = command;
    return {
      text: `UPDATE ${this.#table} SET user_key = $1::bytea, revision = $2::bigint, write_id = $3::bytea, envelope = $4::bytea, key_id = $5::bytea,
  last_seen_at = GREATEST(last_seen_at, $6::bigint), idle_expires_at = GREATEST(idle_expires_at, $7::bigint),
  storage_key = $8::bytea, created_at = $11::bigint, absolute_expires_at = $12::bigint, rotated_at = $13::bigint,
  previous_keys = CASE WHEN storage_key = $14::bytea
    THEN substr(previous_keys || $14::bytea, GREATEST(octet_length(previous_keys) - ${KEPT_BYTES}, 0) + 1)
    ELSE previous_keys END
WHERE namespace = $9::text AND revoked_at IS NULL
  AND idle_expires_at >= $10::bigint AND absolute_expires_at > $10::bigint
  AND ((storage_key = $14::bytea AND revision = $2::bigint - 1)
    OR (storage_key = $8::bytea AND revision = $2::bigint AND write_id = $3::bytea))`,
      values: [
        record.userKey,
        BigInt(record.revision),
        writeId,
        record.envelope,
        record.keyId,
        BigInt(record.lastSeenAt),
        BigInt(record.idleExpiresAt),
        record.storageKey,
        namespace,
        BigInt(aliveAt),
        BigInt(record.createdAt),
        BigInt(record.absoluteExpiresAt),
        BigInt(regeneratedAt),
        previousStorageKey,
      ],
    };
  }

  touch(namespace: string, { storageKey, lastSeenAt, idleExpiresAt, aliveAt }: TouchCommand): Statement {
    return {
      text: `UPDATE ${this.#table} SET
  last_seen_at = GREATEST(last_seen_at, $1::bigint), idle_expires_at = GREATEST(idle_expires_at, $2::bigint)
WHERE storage_key = $3::bytea AND namespace = $4::text AND revoked_at IS NULL
  AND idle_expires_at >= $5::bigint AND absolute_expires_at > $5::bigint
RETURNING ${STATE_COLUMNS.join(', ')}`,
      values: [BigInt(lastSeenAt), BigInt(idleExpiresAt), storageKey, namespace, BigInt(aliveAt)],
    };
  }

  revoke(namespace: string, storageKey: Buffer, writeId: Buffer, revokedAt: number): Statement {
    return {
      text: `UPDATE ${this.#table} SET
  revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
  revoked_at = COALESCE(revoked_at, $1::bigint), write_id = $2::bytea, envelope = ''::bytea
WHERE storage_key = $3::bytea AND namespace = $4::text AND (revoked_at IS NULL OR write_id = $2::bytea)
RETURNING storage_key, idle_expires_at, absolute_expires_at`,
      values: [BigInt(revokedAt), writeId, storageKey, namespace],
    };
  }

  /**
   * Rows are locked first and in order: statements that lock many rows in the order of their plans deadlock. A row that
   * a regenerate moves while this waits for its lock comes back from `locked` under its new key, which the snapshot of
   * `revoked` does not hold yet. It is answered without deadlines, and the statement has to run once more.
   */
  revokeMany(namespace: string, { of, except, after, limit, writeId, revokedAt }: RevokeManyCommand): Statement {
    const ofUser = of === 'everyone' ? '' : 'AND user_key = ANY($7::bytea[])';
    return {
      text: `WITH locked AS MATERIALIZED (
  SELECT storage_key FROM ${this.#table}
  WHERE namespace = $4::text AND storage_key > $3::bytea AND (revoked_at IS NULL OR write_id = $2::bytea)
    AND ($5::bytea IS NULL OR storage_key <> $5::bytea) ${ofUser}
  ORDER BY storage_key LIMIT $6::bigint FOR NO KEY UPDATE
), revoked AS (
  UPDATE ${this.#table} AS session SET
    revision = CASE WHEN revoked_at IS NULL THEN revision + 1 ELSE revision END,
    revoked_at = COALESCE(revoked_at, $1::bigint), write_id = $2::bytea, envelope = ''::bytea
  FROM locked WHERE session.storage_key = locked.storage_key
  RETURNING session.storage_key, idle_expires_at, absolute_expires_at
)
SELECT storage_key, idle_expires_at, absolute_expires_at FROM locked LEFT JOIN revoked USING (storage_key)`,
      values: [BigInt(revokedAt), writeId, after, namespace, except, BigInt(limit), ...(of === 'everyone' ? [] : [of])],
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

  findRegenerated(namespace: string, previousStorageKey: Buffer, since: number): Statement {
    return {
      text: `SELECT storage_key, previous_keys FROM ${this.#table}
WHERE rotated_at >= $1::bigint AND namespace = $2::text AND revoked_at IS NULL AND position($3::bytea IN previous_keys) > 0`,
      values: [BigInt(since), namespace, previousStorageKey],
    };
  }
}

/** `to_regclass` looks where the statements will, along `search_path`, and is null instead of failing. */
function describe(table: string): Statement {
  return {
    text: `SELECT attname::text AS name, format_type(atttypid, NULL) AS type, EXISTS (
  SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique AND indisvalid AND indpred IS NULL
    AND indnkeyatts = 1 AND indkey[0] = attnum
) AS identifies
FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped`,
    values: [table],
  };
}

/** Grants are checked before rows are looked for. The insert would need a row to select, and finds none. */
function rehearse(table: string): readonly Statement[] {
  const columns = INSERT_COLUMNS.join(', ');
  const changes = UPDATE_COLUMNS.map((column) => `${column} = ${column}`).join(', ');
  return [
    { text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table} WHERE false`, values: [] },
    { text: `UPDATE ${table} SET ${changes} WHERE false`, values: [] },
  ];
}
