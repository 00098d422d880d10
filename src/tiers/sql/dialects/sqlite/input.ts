import { type Columns, constant, each, type Fragment, join, sql } from '../../tag.ts';

/**
 * Makes the calls rows of a common table expression, `input`. Each value is a parameter: SQLite compiles each statement anew,
 * and has no function that takes a parameter apart.
 */
export function input<Command>(columns: Columns<Command>): Fragment<readonly Command[]> {
  const row = sql<Command>`(${join(Object.values(columns), ', ')})`;
  return sql`
    input (${constant(Object.keys(columns).join(', '))}) AS (
      VALUES ${each((commands: readonly Command[]) => commands, row)}
    )`;
}
