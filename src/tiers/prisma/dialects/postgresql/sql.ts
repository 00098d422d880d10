import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import type { AnswerColumn } from '../../table.ts';

export const CLOCK = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
/** When the transaction began, which is before its first statement got its snapshot. */
export const CLOCK_BEFORE_SNAPSHOT = 'floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint';
/** For a SET list next to `lock`; one without it leaves the index of the marks alone. `GREATEST` passes over nulls. */
export const MARK = 'dirty_at = GREATEST(dirty_at, locked.now)';

const TAG = `substr(envelope, octet_length(envelope) - ${ENVELOPE_TAG_BYTES - 1})`;

/** Whether a row of this name and a dot holds the envelope with this tag; true where the tag is null. */
export function holds(tag: string, of = ''): string {
  return `COALESCE(substr(${of}envelope, octet_length(${of}envelope) - ${ENVELOPE_TAG_BYTES - 1}) = ${tag}, true)`;
}

/** For a list of what to answer; `of` is the name of the row and a dot where there is more than one. */
export function answered(columns: readonly AnswerColumn[], of = ''): readonly string[] {
  return columns.map((column) => (column === 'tag' ? `${TAG} AS tag` : `${of}${column}`));
}

/** NULL instead of an envelope that ends with this tag: the caller has it. The tag may be null. */
export function unlessKnown(tag: string): string {
  return `CASE WHEN ${TAG} = ${tag} THEN NULL ELSE envelope END AS envelope`;
}

/**
 * A condition of an UPDATE is looked at before it waits for the row, and again only if the row was changed meanwhile.
 * So `locked` asks for what has to be true of the row, which is then the latest, and reads the clock once it is held. A
 * write that finds itself done changes nothing, so it is never too late. The strength is that of the UPDATE, which then
 * waits for nothing. MATERIALIZED is needed: out of a plain sub-select the planner moves a comparison with the clock to
 * where the row is not held yet.
 */
export function lock(
  table: string,
  rows: string,
  isRepeat: string,
  strength: 'FOR NO KEY UPDATE' | 'FOR UPDATE',
): string {
  return `WITH locked AS MATERIALIZED (
  SELECT storage_key, is_repeat, ${CLOCK} AS now FROM (
    SELECT storage_key, ${isRepeat} AS is_repeat FROM ${table}
    WHERE ${rows}
    ${strength}
  ) AS held
)`;
}
