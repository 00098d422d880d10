import { type Columns, constant, each, type Fragment, join, sql } from '../../tag.ts';

/**
 * The calls as rows of a common table expression, `input`. SQLite compiles each statement anew, and has nothing to take a
 * parameter apart with, so each value is a parameter.
 */
export function input<Command>(columns: Columns<Command>): Fragment<readonly Command[]> {
  const row = sql<Command>`(${join(Object.values(columns), ', ')})`;
  return sql`
    input (${constant(Object.keys(columns).join(', '))}) AS (
      VALUES ${each((commands: readonly Command[]) => commands, row)}
    )`;
}
