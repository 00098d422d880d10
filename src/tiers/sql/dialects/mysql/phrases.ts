import { type Fragment, type Part, sql } from '../../tag.ts';

/**
 * The number, or error 1690 where the condition is true: no mode of SQL turns an overflow into a warning. The only way to
 * take a whole statement back after some of its rows were written.
 */
export function unless<Command>(condition: Part<Command>, number: Part<Command>): Fragment<Command> {
  return sql`${number} + 9223372036854775807 * (${condition})`;
}
