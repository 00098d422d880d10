import type { storedRow } from '../../stored.ts';
import { envelopeParts } from './envelope-parts.ts';
import { moment, part, type Part } from './part.ts';

type Row = Awaited<ReturnType<typeof storedRow>>;

/** A row of the database, column by column; the envelope part by part. */
export function rowParts(row: Row): Part[] {
  const userKey = row.userKey ?? new Uint8Array();
  const time = (name: string, value: bigint | null): Part[] =>
    value === null ? [] : [part(name, numberBytes(value), 'clear', moment(Number(value)))];
  return [
    part('storage_key', row.storageKey, 'hashed', 'nothing: SHA-256 of the session id. It does not lead back'),
    part('namespace', Buffer.from(row.namespace), 'clear', `"${row.namespace}"`),
    part(
      'user_key',
      userKey,
      'hashed',
      userKey.length === 0
        ? 'nobody is signed in'
        : 'nothing: a keyed hash of the user. Which rows are of one user, but not of whom',
    ),
    part('revision', numberBytes(row.revision), 'clear', `${row.revision}: how often it was written`),
    part('write_id', row.writeId, 'clear', 'nothing: random, names the latest write'),
    ...envelopeParts(Buffer.from(row.envelope)),
    part('key_id', row.keyId, 'clear', 'which key sealed it: its name, not the key'),
    ...time('created_at', row.createdAt),
    ...time('last_seen_at', row.lastSeenAt),
    part(
      'idle_lifetime',
      numberBytes(row.idleLifetime),
      'clear',
      `ends after ${Number(row.idleLifetime) / 60_000} minutes without use`,
    ),
    ...time('idle_expires_at', row.idleExpiresAt),
    ...time('absolute_expires_at', row.absoluteExpiresAt),
    ...time('revoked_at', row.revokedAt),
    ...time('dirty_at', row.dirtyAt),
    ...time('rotated_at', row.rotatedAt),
    ...(row.previousKeys.length === 0
      ? []
      : [part('previous_keys', row.previousKeys, 'hashed', 'nothing: what it was stored under before you signed in')]),
  ];
}

/** PostgreSQL keeps a bigint in eight bytes. */
function numberBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
