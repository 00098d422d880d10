import type { SessionRecord } from '../../session/session-record.ts';

/** A lifetime that begins now. A part that is not given stays as it is. */
export interface NewLifetime {
  readonly idleMs?: number;
  readonly absoluteMs?: number;
}

/** The properties that a write changes besides the data. `null` removes, undefined leaves. */
export interface RecordChanges extends NewLifetime {
  readonly userId: string | null | undefined;
  readonly label: string | null | undefined;
}

/** The properties that a write changes, and the data that it stores. */
export interface WholeChange extends RecordChanges {
  readonly data: Buffer;
}

/** The record that replaces this one under the same id. Another user has not logged in: only `create` and `regenerate` say so. */
export function changedRecord(record: SessionRecord, changes: WholeChange, now: number): SessionRecord {
  const userId = chosen(record.userId, changes.userId);
  const isSameUser = userId === record.userId;
  return {
    ...record,
    revision: record.revision + 1,
    userId,
    authenticatedAt: isSameUser ? record.authenticatedAt : undefined,
    label: chosen(record.label, changes.label),
    ...newDeadlines(record, changes, now),
    data: changes.data,
  };
}

/**
 * The record that replaces this one under a new id. A user that is given has just logged in. A new one begins a new life,
 * as long as the old one was, but for what the client allows now.
 */
export function rebornRecord(
  record: SessionRecord,
  changes: WholeChange,
  now: number,
  maxLifetimeMs: number,
): SessionRecord {
  const next = changedRecord(record, changes, now);
  if (typeof changes.userId !== 'string') return next;
  if (changes.userId === record.userId) return { ...next, authenticatedAt: now };
  const sameLongMs = Math.min(record.absoluteExpiresAt - record.createdAt, maxLifetimeMs);
  const absoluteExpiresAt = now + (changes.absoluteMs ?? sameLongMs);
  return { ...next, authenticatedAt: now, createdAt: now, absoluteExpiresAt };
}

function newDeadlines(
  { createdAt, idleLifetimeMs, absoluteExpiresAt }: SessionRecord,
  { idleMs, absoluteMs }: NewLifetime,
  now: number,
): Pick<SessionRecord, 'absoluteExpiresAt' | 'idleLifetimeMs'> {
  return {
    idleLifetimeMs: idleMs ?? idleLifetimeMs,
    // Another node's clock may be behind the one that created the session.
    absoluteExpiresAt: absoluteMs === undefined ? absoluteExpiresAt : Math.max(now, createdAt) + absoluteMs,
  };
}

function chosen(stored: string | undefined, given: string | null | undefined): string | undefined {
  return given === undefined ? stored : (given ?? undefined);
}
