import { clock } from '../../phrases/clock.ts';
import { type Fragment, type Part, sql } from '../../tag.ts';

/**
 * The rows that a write changes, locked. `rows` selects their `storage_key` and whether they carry this write already
 * (`is_repeat`), with the strength of the UPDATE that follows, which then waits for nothing. A write that finds itself done
 * changes nothing, so it is never too late.
 *
 * A condition of an UPDATE is evaluated before it waits for the row, and again only if the row was changed meanwhile. So
 * `locked` asks for all that has to be true of the row, which is then the latest, and reads the clock once it is held.
 * MATERIALIZED is needed: out of a plain sub-select the planner moves a comparison with the clock to where the row is not held
 * yet.
 */
export function locked<Command>(rows: Part<Command>): Fragment<Command> {
  return sql`
    locked AS MATERIALIZED (
      SELECT storage_key, is_repeat, ${clock} AS now FROM (
        ${rows}
      ) AS held
    )`;
}
