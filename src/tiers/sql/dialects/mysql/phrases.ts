import { type Fragment, type Part, sql } from '../../tag.ts';

/**
 * The number, or error 1690 if the condition is true: no SQL mode turns an overflow into a warning. Nothing else takes a
 * whole statement back after some of its rows were written.
 */
export function unless<Command>(condition: Part<Command>, number: Part<Command>): Fragment<Command> {
  return sql`${number} + 9223372036854775807 * (${condition})`;
}
