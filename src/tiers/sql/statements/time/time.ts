import { clusterNow, shownClock } from '../../phrases/clock.ts';
import { timeNamespace, timeNode } from '../../phrases/cluster.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { CLUSTER_CLOCKS_APART_MS, CLUSTER_TIME_LEAP_MS } from '../../../../limits/database-cluster.ts';
import { constant, late, nodes, sessions, sql } from '../../tag.ts';

const wall = late('integer', (time) => BigInt(time.wall));

/**
 * Commits this client's clock as the time of a cluster that has none yet, or whose time no client has written anew for long; but no time
 * that is far ahead of the server's clock, which nothing would set back, and none before those in the tables.
 */
export const beginTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  SELECT ${timeNamespace}, ${timeNode}, 1, GREATEST(LEAST(now + ${constant(CLUSTER_CLOCKS_APART_MS)}, ${wall}), COALESCE(marked, 0), COALESCE(seen, 0)), 0
  FROM (SELECT ${shownClock} AS now) AS clock
  CROSS JOIN (SELECT MAX(dirty_at) AS marked FROM ${sessions}) AS mark
  CROSS JOIN (SELECT MAX(seen_at) AS seen FROM ${nodes}) AS node WHERE true
  ON DUPLICATE KEY UPDATE seen_at = IF(VALUES(seen_at) - seen_at > ${constant(CLUSTER_TIME_LEAP_MS)}, VALUES(seen_at), seen_at)`);

/** Commits the sender's time, if that is later than the committed one. */
export const advanceTime: StatementFor<void> = everywhere(sql`
  INSERT INTO ${nodes} (namespace, node_id, ring_version, seen_at, acknowledged_at)
  VALUES (${timeNamespace}, ${timeNode}, 1, ${clusterNow}, 0)
  ON DUPLICATE KEY UPDATE seen_at = GREATEST(seen_at, VALUES(seen_at))`);
