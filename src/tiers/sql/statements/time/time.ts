import { clusterNow, shownClock } from '../../phrases/clock.ts';
import { timeNamespace, timeNode } from '../../phrases/cluster.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { CLUSTER_TIME_LEAP_MS } from '../../../../limits/database-cluster.ts';
import { constant, late, nodes, sessions, sql } from '../../tag.ts';

const wall = late('integer', (time) => BigInt(time.wall));

/**
 * Commits a time where a cluster has none yet, or where no client has written it anew for long: the earlier of the clocks of this client
 * and of the server, since one that is set wrongly must not decide; but no time before those in the tables.
 */
export const beginTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  SELECT ${timeNamespace}, ${timeNode}, 1, GREATEST(LEAST(now, ${wall}), COALESCE(marked, 0), COALESCE(seen, 0)), 0
  FROM (SELECT ${shownClock} AS now) AS clock
  CROSS JOIN (SELECT MAX(dirty_at) AS marked FROM ${sessions}) AS mark
  CROSS JOIN (SELECT MAX(seen_at) AS seen FROM ${nodes}) AS node WHERE true
  ON DUPLICATE KEY UPDATE seen_at = IF(VALUES(seen_at) - seen_at > ${constant(CLUSTER_TIME_LEAP_MS)}, VALUES(seen_at), seen_at)`);

/** Commits the sender's time, if that is later than the committed one. */
export const advanceTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  VALUES (${timeNamespace}, ${timeNode}, 1, ${clusterNow}, 0)
  ON DUPLICATE KEY UPDATE seen_at = GREATEST(seen_at, VALUES(seen_at))`);
