import { shownClock } from '../../phrases/clock.ts';
import { clusterColumns } from '../../phrases/cluster.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { namespace, nodes, rings, sql } from '../../tag.ts';

/** Returns at least one row, which holds `now`; ring and node are null if there is none. */
export const read: StatementFor<void> = everywhere(sql`
  SELECT now, version, fingerprint, ring.masters AS named,
    node_id, ring_version, seen_at, acknowledged_at, beat, node.masters AS masters${clusterColumns}
  FROM (SELECT ${shownClock} AS now) AS clock
  LEFT JOIN ${rings} AS ring ON ring.namespace = ${namespace}
  LEFT JOIN ${nodes} AS node ON node.namespace = ${namespace}`);
