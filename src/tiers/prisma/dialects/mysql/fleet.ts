import type { MoveUserKeyCommand, NodeMark, RingMark, WalkCommand } from '../../../durable.ts';
import { firstMoment, type FleetStatements, type Statement } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK_AT_START } from './sql.ts';

export class MysqlFleet implements FleetStatements {
  readonly #sessions: string;
  readonly #rings: string;
  readonly #nodes: string;

  constructor(table: string) {
    const { ring, node } = fleetTableNames(table);
    this.#sessions = `\`${table}\``;
    this.#rings = `\`${ring}\``;
    this.#nodes = `\`${node}\``;
  }

  /** The condition is an answer and no filter: a filter would read on, past the limit, for as long as nothing fits. */
  walk(namespace: string, { after, limit, aliveAt }: WalkCommand): Statement {
    return {
      text: `SELECT storage_key, key_id, user_key IS NOT NULL AS has_user,
  (namespace = ? AND revoked_at IS NULL AND idle_expires_at >= ? AND absolute_expires_at > ?) AS is_alive
FROM ${this.#sessions}
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?`,
      values: [namespace, BigInt(aliveAt), BigInt(aliveAt), after, BigInt(limit)],
    };
  }

  /** By the index of users it would lock that before the row: see `MysqlSingle.revokeMany`. */
  moveUserKey(namespace: string, { storageKey, from, to }: MoveUserKeyCommand): Statement {
    return {
      text: `UPDATE ${this.#sessions} FORCE INDEX (PRIMARY) SET user_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL AND user_key = ?`,
      values: [to, storageKey, namespace, from],
    };
  }

  /** The highest ring never sinks, so one that is read afterwards is the highest, or was when the read came. */
  raiseRing(namespace: string, { version, fingerprint }: RingMark): Statement {
    return {
      text: `INSERT INTO ${this.#rings} (namespace, version, fingerprint)
VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE
  fingerprint = CASE WHEN version < VALUES(version) THEN VALUES(fingerprint) ELSE fingerprint END,
  version = GREATEST(version, VALUES(version))`,
      values: [namespace, BigInt(version), fingerprint],
      answer: () => ({
        text: `SELECT version, fingerprint FROM ${this.#rings} WHERE namespace = ?`,
        values: [namespace],
      }),
    };
  }

  /**
   * The time at which the statement arrived: after the node sent it, and one for both columns. Statements may be done in
   * another order, and then a node must not look as if it had been silent since the earlier one.
   */
  heartbeat(namespace: string, { nodeId, ringVersion }: NodeMark): Statement {
    return {
      text: `INSERT INTO ${this.#nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
VALUES (?, ?, ?, ${CLOCK_AT_START}, ${CLOCK_AT_START})
ON DUPLICATE KEY UPDATE
  seen_at = GREATEST(seen_at, VALUES(seen_at)),
  acknowledged_at = CASE WHEN ring_version = VALUES(ring_version) THEN acknowledged_at ELSE VALUES(acknowledged_at) END,
  ring_version = VALUES(ring_version)`,
      values: [namespace, nodeId, BigInt(ringVersion)],
    };
  }

  readFleet(namespace: string): Statement {
    return {
      text: `SELECT now, version, fingerprint, node_id, ring_version, seen_at, acknowledged_at
FROM (SELECT ${CLOCK_AT_START} AS now) AS clock
LEFT JOIN ${this.#rings} AS ring ON ring.namespace = ?
LEFT JOIN ${this.#nodes} AS node ON node.namespace = ?`,
      values: [namespace, namespace],
    };
  }

  forgetNodes(namespace: string, which: Buffer | number): Statement {
    const condition = typeof which === 'number' ? 'seen_at < ?' : 'node_id = ?';
    return {
      text: `DELETE FROM ${this.#nodes} WHERE namespace = ? AND ${condition}`,
      values: [namespace, typeof which === 'number' ? firstMoment(which) : which],
    };
  }
}
