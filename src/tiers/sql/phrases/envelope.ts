import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import type { AnswerColumn } from '../columns.ts';
import { type Choice, constant, type Fragment, join, type Part, perDatabase, sql } from '../tag.ts';

const TAG_BYTES = constant(ENVELOPE_TAG_BYTES);

/** The tag of a row's envelope; `row` is the row's name and a dot, if a statement has several. */
export function tagOf(row = ''): Choice<unknown> {
  const envelope = constant(`${row}envelope`);
  return perDatabase({
    mysql: sql`RIGHT(${envelope}, ${TAG_BYTES})`,
    postgresql: sql`substr(${envelope}, octet_length(${envelope}) - ${constant(ENVELOPE_TAG_BYTES - 1)})`,
    sqlite: sql`substr(${envelope}, -${TAG_BYTES})`,
  });
}

/** True for a row with the envelope of this tag, and where the tag is null. */
export function holds<Command>(tag: Part<Command>, row = ''): Fragment<Command> {
  return sql`COALESCE(${tagOf(row)} = ${tag}, true)`;
}

/** The envelope, or NULL where the caller has it. */
export function envelopeUnless<Command>(isKnown: Part<Command>): Fragment<Command> {
  return sql`CASE WHEN ${isKnown} THEN NULL ELSE envelope END AS envelope`;
}

/** The columns of a row that a statement returns. */
export function columns(names: readonly AnswerColumn[], row = ''): Fragment<unknown> {
  return join(
    names.map((name) => (name === 'tag' ? sql`${tagOf()} AS tag` : constant(`${row}${name}`))),
    ', ',
  );
}
