import type { FindEndedCommand, RemoveEndedCommand, SweepClaim } from '../../../durable.ts';
import { firstMoment, type Statement, type SweepStatements } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK, placeholders } from './sql.ts';

export class SqliteSweep implements SweepStatements {
  readonly #sessions: string;
  readonly #rings: string;

  constructor(table: string) {
    this.#sessions = `"${table}"`;
    this.#rings = `"${fleetTableNames(table).ring}"`;
  }

  claimSweep(namespace: string, { passId, forMs }: SweepClaim): Statement {
    return {
      text: `UPDATE ${this.#rings} SET sweep_pass = ?, sweep_until = ${CLOCK} + ?
WHERE namespace = ? AND (sweep_until IS NULL OR sweep_until <= ${CLOCK} OR sweep_pass = ?)`,
      values: [passId, BigInt(Math.round(forMs)), namespace, passId],
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

  removeEnded(namespace: string, { storageKeys, endedBefore, revokedBefore }: RemoveEndedCommand): Statement {
    return {
      text: `DELETE FROM ${this.#sessions}
WHERE ${ENDED} AND storage_key IN (${placeholders(storageKeys)})`,
      values: [namespace, firstMoment(endedBefore), firstMoment(revokedBefore), ...storageKeys],
    };
  }
}

/** Both deadlines: the idle one is never later than the absolute one, but a row may have been mended by hand. */
const ENDED = `namespace = ? AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL THEN min(idle_expires_at, absolute_expires_at) < ? ELSE revoked_at < ? END`;
