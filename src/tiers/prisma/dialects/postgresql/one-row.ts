import type { RecordState, SealedRecord } from '../../../../session/sealed-record.ts';
import type { InsertCommand, TouchCommand, UpdateCommand } from '../../../durable.ts';
import { isThere, ofOne, recordOrNull, stateOrNull } from '../../answers.ts';
import { lastMoment, type SharedStatement, type Statement } from '../../dialect.ts';
import { type ReadRequest, tagOf } from '../../rows.ts';
import { INSERT_COLUMNS, RECORD_COLUMNS, STATE_COLUMNS } from '../../table.ts';
import { answered, CLOCK, holds, lock, MARK, unlessKnown } from './sql.ts';

/**
 * What `PostgresqlShared` says, for a call without company: to take many rows apart and to join them costs the server as
 * much again as one row does.
 */
export class PostgresqlOneRow {
  readonly #table: string;

  /** `table` is quoted. */
  constructor(table: string) {
    this.#table = table;
  }

  insert(namespace: string, { record, writeId, validUntil }: InsertCommand): SharedStatement<boolean> {
    return {
      text: `INSERT INTO ${this.#table} (${INSERT_COLUMNS.join(', ')})
SELECT $1::bytea, $2::text, $3::bytea, $4::bigint, $5::bytea, $6::bytea, $7::bytea, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint, ''::bytea
WHERE ${CLOCK} <= $13::bigint
ON CONFLICT DO NOTHING
RETURNING 1 / (${CLOCK} <= $13::bigint)::integer AS in_time`,
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

  read(namespace: string, request: ReadRequest): SharedStatement<SealedRecord | null> {
    const tag = tagOf(request);
    const columns = RECORD_COLUMNS.map((column) => (tag && column === 'envelope' ? unlessKnown('$3::bytea') : column));
    const { text, values } = this.#select(namespace, request.storageKey, columns);
    return { text, values: tag ? [...values, tag] : values, answers: ofOne(recordOrNull([request])) };
  }

  readState(namespace: string, storageKey: Buffer): SharedStatement<RecordState | null> {
    return { ...this.#select(namespace, storageKey, answered(STATE_COLUMNS)), answers: ofOne(stateOrNull) };
  }

  update(namespace: string, command: UpdateCommand): SharedStatement<boolean> {
    const { record, writeId, validUntil, dirty, aliveAt, replaces } = command;
    const rows = `storage_key = $8::bytea AND namespace = $9::text AND revoked_at IS NULL
      AND idle_expires_at >= $10::bigint AND absolute_expires_at > $10::bigint
      AND ((revision = $2::bigint - 1 AND ${holds('$14::bytea')}) OR (revision = $2::bigint AND write_id = $3::bytea))`;
    return {
      text: `${lock(this.#table, rows, 'revision = $2::bigint', 'FOR NO KEY UPDATE')}
UPDATE ${this.#table} AS session SET user_key = $1::bytea, revision = $2::bigint, write_id = $3::bytea, envelope = $4::bytea, key_id = $5::bytea,
  created_at = $11::bigint, last_seen_at = GREATEST(last_seen_at, $6::bigint), idle_lifetime = $7::bigint,
  idle_expires_at = LEAST(GREATEST(last_seen_at, $6::bigint) + $7::bigint, $12::bigint), absolute_expires_at = $12::bigint${dirty ? `, ${MARK}` : ''}
FROM locked
WHERE session.storage_key = locked.storage_key AND (locked.is_repeat OR locked.now <= $13::bigint)
RETURNING session.storage_key`,
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
        lastMoment(validUntil),
        replaces,
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
  last_seen_at = GREATEST(last_seen_at, $1::bigint),
  idle_expires_at = GREATEST(idle_expires_at, LEAST($1::bigint + idle_lifetime, absolute_expires_at))
WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL
  AND idle_expires_at >= $4::bigint AND absolute_expires_at > $4::bigint AND idle_lifetime >= $5::bigint
RETURNING ${answered(STATE_COLUMNS).join(', ')}`,
      values: [BigInt(lastSeenAt), storageKey, namespace, BigInt(aliveAt), BigInt(longestPauseMs)],
      answers: ofOne(stateOrNull),
    };
  }

  #select(namespace: string, storageKey: Buffer, columns: readonly string[]): Statement {
    return {
      text: `SELECT ${columns.join(', ')} FROM ${this.#table}
WHERE storage_key = $1::bytea AND namespace = $2::text AND revoked_at IS NULL`,
      values: [storageKey, namespace],
    };
  }
}
