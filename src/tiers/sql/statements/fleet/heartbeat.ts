import type { NodeMark } from '../../../durable.ts';
import { clockAtStart } from '../../phrases/clock.ts';
import { type StatementFor, wordings } from '../../wording.ts';
import { bytes, integer, namespace, nodes, sql, string } from '../../tag.ts';

const nodeId = bytes((node: NodeMark) => node.nodeId);
const ringVersion = integer((node: NodeMark) => node.ringVersion);
const beat = integer((node: NodeMark) => node.beat);
const masters = string((node: NodeMark) => node.masters);

const onConflict = sql<NodeMark>`
  INSERT INTO ${nodes} AS known (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
  VALUES (${namespace}, ${nodeId}, ${ringVersion}, ${clockAtStart}, ${clockAtStart}, ${beat}, ${masters})
  ON CONFLICT (namespace, node_id) DO UPDATE SET
    ring_version = excluded.ring_version,
    seen_at = excluded.seen_at,
    acknowledged_at = CASE WHEN known.ring_version = excluded.ring_version
      THEN known.acknowledged_at ELSE excluded.acknowledged_at END,
    beat = excluded.beat,
    masters = excluded.masters
  WHERE known.beat < excluded.beat`;

/**
 * Records that the node was alive when the statement began, which is after the node sent it, with one time for both columns.
 * Statements may run in another order than they were sent: one that a later one has overtaken changes nothing, so that no
 * earlier report comes back and the node does not look silent. A clock that was set back dates the node back with it.
 */
export const heartbeat: StatementFor<NodeMark> = wordings({
  postgresql: onConflict,
  sqlite: onConflict,
  // Assigned from left to right: `beat`, which the conditions compare, comes last.
  mysql: sql`
    INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at, beat, masters)
    VALUES (${namespace}, ${nodeId}, ${ringVersion}, ${clockAtStart}, ${clockAtStart}, ${beat}, ${masters})
    ON DUPLICATE KEY UPDATE
      seen_at = IF(beat < VALUES(beat), VALUES(seen_at), seen_at),
      acknowledged_at = IF(beat < VALUES(beat) AND ring_version <> VALUES(ring_version), VALUES(acknowledged_at), acknowledged_at),
      ring_version = IF(beat < VALUES(beat), VALUES(ring_version), ring_version),
      masters = IF(beat < VALUES(beat), VALUES(masters), masters),
      beat = GREATEST(beat, VALUES(beat))`,
});
