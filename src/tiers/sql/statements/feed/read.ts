import type { FeedPosition } from '../../../durable.ts';
import { REPORTS_AGREE_MS } from '../../../../limits/fleet.ts';
import { FEED_COLUMNS } from '../../columns.ts';
import { firstMoment } from '../../moments.ts';
import { clockForReads, shownClock } from '../../phrases/clock.ts';
import { clusterColumns } from '../../phrases/cluster.ts';
import { columns } from '../../phrases/envelope.ts';
import { isReadOnly } from '../../phrases/standby.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, constant, integer, namespace, nodes, perDatabase, rings, sessions, sql } from '../../tag.ts';

export interface ReadFeed {
  readonly after: FeedPosition | number;
  readonly limit: number;
}

/** The position before every mark of a time: no storage key comes before the empty one. */
const START: Buffer = Buffer.alloc(0);

const dirtyAt = integer(({ after }: ReadFeed) => (typeof after === 'number' ? firstMoment(after) : after.dirtyAt));
const storageKey = bytes(({ after }: ReadFeed) => (typeof after === 'number' ? START : after.storageKey));

// Repeats that marks are not null: a comparison of rows alone does not lead the planner to the partial index.
const byRow = sql`dirty_at IS NOT NULL AND (dirty_at, storage_key) > (${dirtyAt}, ${storageKey})`;
const isAfter = perDatabase({
  // MySQL would not answer a comparison of rows from the index.
  mysql: sql`dirty_at >= ${dirtyAt} AND (dirty_at > ${dirtyAt} OR storage_key > ${storageKey})`,
  postgresql: byRow,
  sqlite: byRow,
});

const feedColumns = columns(FEED_COLUMNS);

// An aggregate has always one row, and is made once for all rows of the feed.
const fleet = sql`
  SELECT CASE WHEN MIN(masters) = MAX(masters) THEN MIN(masters) END AS report FROM ${nodes}
  WHERE namespace = ${namespace} AND seen_at >= ${clockForReads} - ${constant(REPORTS_AGREE_MS)}`;

/** Returns at least one row, which holds `now`, `read_only`, `named` and `report`; without marks its other columns are null. */
export const read: StatementFor<ReadFeed> = everywhere(sql<ReadFeed>`
  SELECT now, ${isReadOnly} AS read_only, ring.masters AS named, report, ${feedColumns}${clusterColumns}
  FROM (SELECT ${shownClock} AS now) AS clock
  CROSS JOIN (
    ${fleet}
  ) AS fleet
  LEFT JOIN ${rings} AS ring ON ring.namespace = ${namespace}
  LEFT JOIN (
    SELECT ${feedColumns} FROM ${sessions}
    WHERE namespace = ${namespace} AND ${isAfter}
    ORDER BY dirty_at, storage_key LIMIT ${integer(({ limit }) => limit)}
  ) AS feed ON true
  ORDER BY dirty_at, storage_key`);
