import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import type { SealedRecord } from '../../../../session/sealed-record.ts';
import type { SqlValue } from '../../dialect.ts';
import type { AnswerColumn } from '../../table.ts';

/**
 * Milliseconds when the statement began. In UTC: `UNIX_TIMESTAMP` would convert from the session's time zone, in which an
 * hour of every autumn comes twice.
 */
export const CLOCK_AT_START = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000";
/** A quarter of an hour, in microseconds. Clocks of time zones are moved by whole ones, and no statement runs for half of one. */
const SHIFT = 900_000_000;
/** A day and a half of a quarter: keeps what is divided positive, whichever way clocks are moved, and lets them be slewed back. */
const PAST_ANY_SHIFT: number = 96 * SHIFT + SHIFT / 2;
/**
 * Milliseconds at this very moment. `SYSDATE` alone reads the clock anew, for each row, and it knows no UTC. So it tells how long the
 * statement has run, without the quarters of an hour by which the clocks of its time zone may have been moved meanwhile.
 */
export const CLOCK: string = `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - ${SHIFT / 2}
    + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + ${PAST_ANY_SHIFT}, ${SHIFT})) DIV 1000`;
/** For a SET list; one without it leaves the index of the marks alone. What is null makes `GREATEST` null. */
export const MARK: string = `dirty_at = GREATEST(COALESCE(dirty_at, 0), ${CLOCK})`;

/**
 * The number, or error 1690 where the condition is true: no mode of SQL turns an overflow into a warning. The only way to
 * take a whole statement back after some of its rows were written.
 */
export function unless(condition: string, number: string): string {
  return `${number} + 9223372036854775807 * (${condition})`;
}

export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

const TAG = `RIGHT(envelope, ${ENVELOPE_TAG_BYTES})`;

/** Whether a row of this name and a dot holds the envelope with this tag; true where the tag is null. */
export function holds(tag: string, of = ''): string {
  return `COALESCE(RIGHT(${of}envelope, ${ENVELOPE_TAG_BYTES}) = ${tag}, TRUE)`;
}

/** For a list of what to answer; `of` is the name of the row and a dot where there is more than one. */
export function answered(columns: readonly AnswerColumn[], of = ''): readonly string[] {
  return columns.map((column) => (column === 'tag' ? `${TAG} AS tag` : `${of}${column}`));
}

/** For a SET list. Each expression sees what those before it have set: the larger of two times stays the larger. */
export const TIMES = `created_at = ?, last_seen_at = GREATEST(last_seen_at, ?), idle_lifetime = ?,
  idle_expires_at = LEAST(GREATEST(last_seen_at, ?) + ?, ?), absolute_expires_at = ?`;

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
