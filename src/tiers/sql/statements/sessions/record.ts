import { KEY_ID_BYTES } from '../../../../limits/keys.ts';
import { STORAGE_KEY_BYTES, WRITE_ID_BYTES } from '../../../../limits/session.ts';
import type { InsertCommand, UpdateCommand, WriteCommand } from '../../../durable.ts';
import { lastMoment } from '../../moments.ts';
import { GREATEST, LEAST } from '../../phrases/functions.ts';
import {
  type Bytes,
  bytes,
  type Columns,
  fixedBytes,
  type Fragment,
  type Integer,
  integer,
  namespace,
  sessions,
  sql,
} from '../../tag.ts';

// The values of a write.
export const writeId: Bytes<WriteCommand> = fixedBytes(WRITE_ID_BYTES, (write) => write.writeId);
export const validUntil: Integer<WriteCommand> = integer((write) => lastMoment(write.validUntil));

// The values of the record that it stores.
export const storageKey: Bytes<InsertCommand> = fixedBytes(STORAGE_KEY_BYTES, ({ record }) => record.storageKey);
export const userKey: Bytes<InsertCommand> = bytes(({ record }) => record.userKey);
export const revision: Integer<InsertCommand> = integer(({ record }) => record.revision);
export const envelope: Bytes<InsertCommand> = bytes(({ record }) => record.envelope);
export const keyId: Bytes<InsertCommand> = fixedBytes(KEY_ID_BYTES, ({ record }) => record.keyId);
export const createdAt: Integer<InsertCommand> = integer(({ record }) => record.createdAt);
export const lastSeenAt: Integer<InsertCommand> = integer(({ record }) => record.lastSeenAt);
export const idleLifetime: Integer<InsertCommand> = integer(({ record }) => record.idleLifetimeMs);
export const idleExpiresAt: Integer<InsertCommand> = integer(({ record }) => record.idleExpiresAt);
export const absoluteExpiresAt: Integer<InsertCommand> = integer(({ record }) => record.absoluteExpiresAt);

/** The values of one write of many, by column. */
export const writeColumns: Columns<InsertCommand> = {
  storage_key: storageKey,
  user_key: userKey,
  revision,
  write_id: writeId,
  envelope,
  key_id: keyId,
  created_at: createdAt,
  last_seen_at: lastSeenAt,
  idle_lifetime: idleLifetime,
  absolute_expires_at: absoluteExpiresAt,
  valid_until: validUntil,
};

// The conditions of a write of a living session.
export const replaces: Bytes<UpdateCommand> = bytes((update) => update.replaces);
export const aliveAt: Integer<{ readonly aliveAt: number }> = integer((command) => command.aliveAt);

/** A living row of this namespace. */
export const isAlive: Fragment<{ readonly aliveAt: number }> = sql`namespace = ${namespace} AND revoked_at IS NULL
  AND idle_expires_at >= ${aliveAt} AND absolute_expires_at > ${aliveAt}`;

/** The living rows of this namespace among those that are joined with `input`. */
export const areAlive: Fragment<unknown> = sql`namespace = ${namespace} AND revoked_at IS NULL
  AND session.idle_expires_at >= alive_at AND session.absolute_expires_at > alive_at`;

/**
 * The times of the record, for a SET list. In MySQL each expression sees the values that are set before it: the larger of two
 * times stays the larger.
 */
export const times: Fragment<InsertCommand> = sql`
  created_at = ${createdAt}, last_seen_at = ${GREATEST}(last_seen_at, ${lastSeenAt}), idle_lifetime = ${idleLifetime},
  idle_expires_at = ${LEAST}(${GREATEST}(last_seen_at, ${lastSeenAt}) + ${idleLifetime}, ${absoluteExpiresAt}), absolute_expires_at = ${absoluteExpiresAt}`;

/** The content of the record, for a SET list. */
export const content: Fragment<InsertCommand> = sql`user_key = ${userKey}, revision = ${revision}, write_id = ${writeId}, envelope = ${envelope}, key_id = ${keyId}`;

/** Selects the row if it holds this write: no other write draws that write id. */
export const written: Fragment<InsertCommand> = sql`
  SELECT storage_key FROM ${sessions}
  WHERE storage_key = ${storageKey} AND namespace = ${namespace} AND revision = ${revision} AND write_id = ${writeId} AND revoked_at IS NULL`;
