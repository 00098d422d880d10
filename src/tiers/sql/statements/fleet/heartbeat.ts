import type { NodeMark } from '../../../durable.ts';
import { clockAtStart } from '../../phrases/clock.ts';
import { GREATEST } from '../../phrases/functions.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { bytes, integer, namespace, nodes, sql } from '../../tag.ts';

const nodeId = bytes((node: NodeMark) => node.nodeId);
const ringVersion = integer((node: NodeMark) => node.ringVersion);

const onConflict = sql<NodeMark>`
  INSERT INTO ${nodes} AS known (namespace, node_id, ring_version, seen_at, acknowledged_at)
  VALUES (${namespace}, ${nodeId}, ${ringVersion}, ${clockAtStart}, ${clockAtStart})
  ON CONFLICT (namespace, node_id) DO UPDATE SET
    ring_version = excluded.ring_version,
    seen_at = ${GREATEST}(known.seen_at, excluded.seen_at),
    acknowledged_at = CASE WHEN known.ring_version = excluded.ring_version
      THEN known.acknowledged_at ELSE excluded.acknowledged_at END`;

/**
 * Records that the node was alive when the statement began, which is after the node sent it, with one time for both columns.
 * Statements may run in another order than they were sent: `GREATEST` keeps the later time, so that the node does not look
 * silent.
 */
export const heartbeat: StatementFor<NodeMark> = wordings({
  postgresql: onConflict,
  sqlite: onConflict,
  mysql: sql`
    INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
    VALUES (${namespace}, ${nodeId}, ${ringVersion}, ${clockAtStart}, ${clockAtStart})
    ON DUPLICATE KEY UPDATE
      seen_at = GREATEST(seen_at, VALUES(seen_at)),
      acknowledged_at = CASE WHEN ring_version = VALUES(ring_version) THEN acknowledged_at ELSE VALUES(acknowledged_at) END,
      ring_version = VALUES(ring_version)`,
});
