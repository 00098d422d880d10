import { clusterNow, shownClock } from '../../phrases/clock.ts';
import { timeNamespace, timeNode } from '../../phrases/cluster.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { nodes, sessions, sql } from '../../tag.ts';

/**
 * Commits the first time of a cluster, if there is none yet: the clock of this server, or the latest time in the tables if that is later,
 * which the clock of another server gave.
 */
export const beginTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  SELECT ${timeNamespace}, ${timeNode}, 1, GREATEST(now, COALESCE(marked, 0), COALESCE(seen, 0)), 0
  FROM (SELECT ${shownClock} AS now) AS clock
  CROSS JOIN (SELECT MAX(dirty_at) AS marked FROM ${sessions}) AS mark
  CROSS JOIN (SELECT MAX(seen_at) AS seen FROM ${nodes}) AS node WHERE true
  ON DUPLICATE KEY UPDATE beat = beat`);

/** Commits the sender's time, if that is later than the committed one. */
export const advanceTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  VALUES (${timeNamespace}, ${timeNode}, 1, ${clusterNow}, 0)
  ON DUPLICATE KEY UPDATE seen_at = GREATEST(seen_at, VALUES(seen_at))`);
