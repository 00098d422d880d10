import type { MoveUserKeyCommand, NodeMark, RingMark, WalkCommand } from '../../../durable.ts';
import { firstMoment, type FleetStatements, type Statement } from '../../dialect.ts';
import { fleetTableNames } from '../../fleet-tables.ts';
import { CLOCK } from './sql.ts';

export class SqliteFleet implements FleetStatements {
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
      text: `SELECT storage_key, key_id, user_key IS NOT NULL AS has_user,
  (namespace = ? AND revoked_at IS NULL AND idle_expires_at >= ? AND absolute_expires_at > ?) AS is_alive
FROM ${this.#sessions}
WHERE storage_key > ?
ORDER BY storage_key LIMIT ?`,
      values: [namespace, BigInt(aliveAt), BigInt(aliveAt), after, BigInt(limit)],
    };
  }

  moveUserKey(namespace: string, { storageKey, from, to }: MoveUserKeyCommand): Statement {
    return {
      text: `UPDATE ${this.#sessions} SET user_key = ?
WHERE storage_key = ? AND namespace = ? AND revoked_at IS NULL AND user_key = ?`,
      values: [to, storageKey, namespace, from],
    };
  }

  /** Writes the row in any case, so that RETURNING has one to answer. */
  raiseRing(namespace: string, { version, fingerprint }: RingMark): Statement {
    return {
      text: `INSERT INTO ${this.#rings} AS highest (namespace, version, fingerprint)
VALUES (?, ?, ?)
ON CONFLICT (namespace) DO UPDATE SET
  version = max(highest.version, excluded.version),
  fingerprint = CASE WHEN highest.version < excluded.version THEN excluded.fingerprint ELSE highest.fingerprint END
RETURNING version, fingerprint`,
      values: [namespace, BigInt(version), fingerprint],
    };
  }

  /**
   * After the node sent it, and one time for both columns. Statements may be done in another order, and then a node must
   * not look as if it had been silent since the earlier one.
   */
  heartbeat(namespace: string, { nodeId, ringVersion }: NodeMark): Statement {
    return {
      text: `INSERT INTO ${this.#nodes} AS known (namespace, node_id, ring_version, seen_at, acknowledged_at)
VALUES (?, ?, ?, ${CLOCK}, ${CLOCK})
ON CONFLICT (namespace, node_id) DO UPDATE SET
  ring_version = excluded.ring_version,
  seen_at = max(known.seen_at, excluded.seen_at),
  acknowledged_at = CASE WHEN known.ring_version = excluded.ring_version
    THEN known.acknowledged_at ELSE excluded.acknowledged_at END`,
      values: [namespace, nodeId, BigInt(ringVersion)],
    };
  }

  readFleet(namespace: string): Statement {
    return {
      text: `SELECT now, version, fingerprint, node_id, ring_version, seen_at, acknowledged_at
FROM (SELECT ${CLOCK} AS now) AS clock
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
