import type { FindEndedCommand, RemoveEndedCommand, SweepClaim } from '../../../durable.ts';
import { firstMoment, type Statement, type SweepStatements } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK } from './sql.ts';

export class PostgresqlSweep implements SweepStatements {
  readonly #sessions: string;
  readonly #rings: string;

  constructor(table: string) {
    this.#sessions = `"${table}"`;
    this.#rings = `"${fleetTableNames(table).ring}"`;
  }

  /** The condition is looked at again when somebody else's claim was waited for. */
  claimSweep(namespace: string, { passId, forMs }: SweepClaim): Statement {
    return {
      text: `UPDATE ${this.#rings} SET sweep_pass = $1::bytea, sweep_until = ${CLOCK} + $2::bigint
WHERE namespace = $3::text AND (sweep_until IS NULL OR sweep_until <= ${CLOCK} OR sweep_pass = $1::bytea)`,
      values: [passId, BigInt(Math.round(forMs)), namespace],
    };
  }

  /** The condition is an answer and no filter: a filter would read on, past the limit, for as long as nothing fits. */
  findEnded(namespace: string, { after, limit, endedBefore, revokedBefore }: FindEndedCommand): Statement {
    return {
      text: `SELECT storage_key, (${ENDED})::integer AS is_ended
FROM ${this.#sessions}
WHERE storage_key > $4::bytea
ORDER BY storage_key LIMIT $5::bigint`,
      values: [namespace, firstMoment(endedBefore), firstMoment(revokedBefore), after, BigInt(limit)],
    };
  }

  /** Takes its locks first, and those only that are free: it waits for nobody, so nobody waits for it in a circle. */
  removeEnded(namespace: string, { storageKeys, endedBefore, revokedBefore }: RemoveEndedCommand): Statement {
    return {
      text: `WITH ended AS MATERIALIZED (
  SELECT storage_key FROM ${this.#sessions}
  WHERE storage_key = ANY($4::bytea[]) AND ${ENDED}
  ORDER BY storage_key FOR UPDATE SKIP LOCKED
)
DELETE FROM ${this.#sessions} AS session USING ended
WHERE session.storage_key = ended.storage_key`,
      values: [namespace, firstMoment(endedBefore), firstMoment(revokedBefore), storageKeys],
    };
  }
}

/** Both deadlines: the idle one is never later than the absolute one, but a row may have been mended by hand. */
const ENDED = `namespace = $1::text AND dirty_at IS NULL AND rotated_at IS NULL
  AND CASE WHEN revoked_at IS NULL THEN LEAST(idle_expires_at, absolute_expires_at) < $2::bigint ELSE revoked_at < $3::bigint END`;
