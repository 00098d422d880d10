import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import type { SealedRecord } from '../../../../session/sealed-record.ts';
import type { SqlValue } from '../../dialect.ts';
import type { AnswerColumn } from '../../table.ts';

/**
 * Julian days count in SQLite what milliseconds do elsewhere; the 1st of January 1970 began at 2440587.5. `unixepoch`
 * tells no milliseconds before SQLite 3.42. Read once in a statement, after it got the lock of the writer.
 */
export const CLOCK = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";
/** The time of a mark that is set now. `max` of anything and null is null. */
export const MARKED_AT: string = `max(COALESCE(dirty_at, 0), ${CLOCK})`;
/** For a SET list; one without it leaves the index of the marks alone. */
export const MARK: string = `dirty_at = ${MARKED_AT}`;

export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

const TAG = `substr(envelope, -${ENVELOPE_TAG_BYTES})`;

/** Whether a row of this name and a dot holds the envelope with this tag; true where the tag is null. */
export function holds(tag: string, of = ''): string {
  return `COALESCE(substr(${of}envelope, -${ENVELOPE_TAG_BYTES}) = ${tag}, true)`;
}

/** For a list of what to answer; `of` is the name of the row and a dot where there is more than one. */
export function answered(columns: readonly AnswerColumn[], of = ''): readonly string[] {
  return columns.map((column) => (column === 'tag' ? `${TAG} AS tag` : `${of}${column}`));
}

/** For a SET list with created_at, last_seen_at, idle_lifetime, idle_expires_at (three of them) and absolute_expires_at. */
export function timesOf(record: SealedRecord): readonly SqlValue[] {
  const lastSeenAt = BigInt(record.lastSeenAt);
  const idleLifetime = BigInt(record.idleLifetimeMs);
  const absoluteExpiresAt = BigInt(record.absoluteExpiresAt);
  return [
    BigInt(record.createdAt),
    lastSeenAt,
    idleLifetime,
    lastSeenAt,
    idleLifetime,
    absoluteExpiresAt,
    absoluteExpiresAt,
  ];
}
