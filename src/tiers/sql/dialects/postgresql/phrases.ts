import { clock } from '../../phrases/clock.ts';
import { type Fragment, type Part, sql } from '../../tag.ts';

/**
 * Locks the rows that a write changes. `rows` selects their `storage_key` and whether they hold this write already
 * (`is_repeat`), with locks as strong as those of the UPDATE that follows, which then waits for nothing. A repeat changes
 * nothing, so it is never too late.
 *
 * An UPDATE evaluates its condition before it waits for the row, and again only if the row was changed meanwhile. So `locked`
 * checks every condition on the latest version of the row, and reads the clock once the row is locked. MATERIALIZED is
 * needed: the planner moves a comparison with the clock out of a plain sub-select, to before the lock.
 */
export function locked<Command>(rows: Part<Command>): Fragment<Command> {
  return sql`
    locked AS MATERIALIZED (
      SELECT storage_key, is_repeat, ${clock} AS now FROM (
        ${rows}
      ) AS held
    )`;
}
