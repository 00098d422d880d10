import type { MoveUserKeyCommand, NodeMark, RingMark, WalkCommand } from '../../../durable.ts';
import { firstMoment, type FleetStatements, type Statement } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK_BEFORE_SNAPSHOT } from './sql.ts';

export class PostgresqlFleet implements FleetStatements {
  readonly #sessions: string;
  readonly #rings: string;
  readonly #nodes: string;

  constructor(table: string) {
    const { ring, node } = fleetTableNames(table);
    this.#sessions = `"${table}"`;
    this.#rings = `"${ring}"`;
    this.#nodes = `"${node}"`;
  }

  /** The condition is an answer and no filter: a filter would read on, past the limit, for as long as nothing fits. */
  walk(namespace: string, { after, limit, aliveAt }: WalkCommand): Statement {
    return {
      text: `SELECT storage_key, key_id, (user_key IS NOT NULL)::integer AS has_user,
  (namespace = $1::text AND revoked_at IS NULL
    AND idle_expires_at >= $2::bigint AND absolute_expires_at > $2::bigint)::integer AS is_alive
FROM ${this.#sessions}
WHERE storage_key > $3::bytea
ORDER BY storage_key LIMIT $4::bigint`,
      values: [namespace, BigInt(aliveAt), after, BigInt(limit)],
    };
  }

  /** No plain comparison of user keys: the planner would look through all sessions of the user for this one. */
  moveUserKey(namespace: string, { storageKey, from, to }: MoveUserKeyCommand): Statement {
    return {
      text: `UPDATE ${this.#sessions} SET user_key = $1::bytea
WHERE storage_key = $2::bytea AND namespace = $3::text AND revoked_at IS NULL AND user_key IS NOT DISTINCT FROM $4::bytea`,
      values: [to, storageKey, namespace, from],
    };
  }

  /** Writes the row in any case: only so does one statement answer what another has just committed. */
  raiseRing(namespace: string, { version, fingerprint }: RingMark): Statement {
    return {
      text: `INSERT INTO ${this.#rings} AS highest (namespace, version, fingerprint)
VALUES ($1::text, $2::bigint, $3::bytea)
ON CONFLICT (namespace) DO UPDATE SET
  version = GREATEST(highest.version, EXCLUDED.version),
  fingerprint = CASE WHEN highest.version < EXCLUDED.version THEN EXCLUDED.fingerprint ELSE highest.fingerprint END
RETURNING version, fingerprint`,
      values: [namespace, BigInt(version), fingerprint],
    };
  }

  /**
   * The time at which the statement arrived: after the node sent it, and one for both columns. Statements may be done in
   * another order, and then a node must not look as if it had been silent since the earlier one.
   */
  heartbeat(namespace: string, { nodeId, ringVersion }: NodeMark): Statement {
    return {
      text: `INSERT INTO ${this.#nodes} AS known (namespace, node_id, ring_version, seen_at, acknowledged_at)
VALUES ($1::text, $2::bytea, $3::bigint, ${CLOCK_BEFORE_SNAPSHOT}, ${CLOCK_BEFORE_SNAPSHOT})
ON CONFLICT (namespace, node_id) DO UPDATE SET
  ring_version = EXCLUDED.ring_version,
  seen_at = GREATEST(known.seen_at, EXCLUDED.seen_at),
  acknowledged_at = CASE WHEN known.ring_version = EXCLUDED.ring_version
    THEN known.acknowledged_at ELSE EXCLUDED.acknowledged_at END`,
      values: [namespace, nodeId, BigInt(ringVersion)],
    };
  }

  readFleet(namespace: string): Statement {
    return {
      text: `SELECT now, version, fingerprint, node_id, ring_version, seen_at, acknowledged_at
FROM (SELECT ${CLOCK_BEFORE_SNAPSHOT} AS now) AS clock
LEFT JOIN ${this.#rings} AS ring ON ring.namespace = $1::text
LEFT JOIN ${this.#nodes} AS node ON node.namespace = $1::text`,
      values: [namespace],
    };
  }

  forgetNodes(namespace: string, which: Buffer | number): Statement {
    const condition = typeof which === 'number' ? 'seen_at < $2::bigint' : 'node_id = $2::bytea';
    return {
      text: `DELETE FROM ${this.#nodes} WHERE namespace = $1::text AND ${condition}`,
      values: [namespace, typeof which === 'number' ? firstMoment(which) : which],
    };
  }
}
