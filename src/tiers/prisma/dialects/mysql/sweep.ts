import type { FindEndedCommand, RemoveEndedCommand, SweepClaim } from '../../../durable.ts';
import { firstMoment, type Statement, type SweepStatements } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK, placeholders } from './sql.ts';

export class MysqlSweep implements SweepStatements {
  readonly #sessions: string;
  readonly #rings: string;

  constructor(table: string) {
    this.#sessions = `\`${table}\``;
    this.#rings = `\`${fleetTableNames(table).ring}\``;
  }

  /** Always to another time: some drivers count only rows that look different afterwards. */
  claimSweep(namespace: string, { passId, forMs }: SweepClaim): Statement {
    const ms = BigInt(Math.round(forMs));
    return {
      text: `UPDATE ${this.#rings}
SET sweep_until = CASE WHEN sweep_until = ${CLOCK} + ? THEN sweep_until + 1 ELSE ${CLOCK} + ? END, sweep_pass = ?
WHERE namespace = ? AND (sweep_until IS NULL OR sweep_until <= ${CLOCK} OR sweep_pass = ?)`,
      values: [ms, ms, passId, namespace, passId],
    };
  }

  /** The condition is an answer and no filter: a filter would read on, past the limit, for as long as nothing fits. */
  findEnded(namespace: string, { after, limit, endedBefore, revokedBefore }: FindEndedCommand): Statement {
    return {
      text: `SELECT storage_key, (${ENDED}) AS is_ended
FROM ${this.#sessions}
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?`,
      values: [namespace, firstMoment(endedBefore), firstMoment(revokedBefore), after, BigInt(limit)],
    };
  }

  /**
   * Takes its locks first, and those only that are free, so it waits for no row; nor for the entries of one in the indexes,
   * which nobody locks before the row. In another order of the join the server would go through the table and wait at each
   * row.
   */
  removeEnded(namespace: string, { storageKeys, endedBefore, revokedBefore }: RemoveEndedCommand): Statement {
    return {
      text: `DELETE session FROM (
  SELECT storage_key FROM ${this.#sessions} FORCE INDEX (PRIMARY)
  WHERE ${ENDED} AND storage_key IN (${placeholders(storageKeys)})
  ORDER BY storage_key LIMIT ${storageKeys.length} FOR UPDATE SKIP LOCKED
) AS ended STRAIGHT_JOIN ${this.#sessions} AS session FORCE INDEX (PRIMARY) ON session.storage_key = ended.storage_key`,
      values: [namespace, firstMoment(endedBefore), firstMoment(revokedBefore), ...storageKeys],
    };
  }
}

/** Both deadlines: the idle one is never later than the absolute one, but a row may have been mended by hand. */
const ENDED = `namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL THEN LEAST(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END`;
