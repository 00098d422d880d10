import { livingNodes, statusOf, type NodeStatus } from '../../fleet/fleet.ts';
import type { KeyRing } from '../../keys/ring/key-ring.ts';
import type { KeyState } from '../../keys/ring/ring-key.ts';
import { STATS_MARKS_MAX } from '../../limits/cli.ts';
import { readNames, readReport } from '../../tiering/masters/names.ts';
import type { FeedPage, FleetView } from '../../tiers/durable.ts';
import type { Steps } from '../../upkeep/steps.ts';
import { countRows, type CountOptions, type RowCounts } from './row-counts.ts';

/** A node of the fleet. */
export interface NodeReport extends NodeStatus {
  readonly alive: boolean;
  /** True for the client of this command itself. */
  readonly self: boolean;
  /** `named`: connected to the servers that the database names; `other`: to another one; `none`: to no server. */
  readonly redis: 'named' | 'none' | 'other';
}

export interface KeyReport {
  readonly keyId: string;
  readonly kid: string | null;
  /** Null if the ring does not have the key. */
  readonly state: KeyState | null;
  readonly sessions: number;
}

/** The state of a namespace, as the database has it. */
export interface StatsReport {
  readonly namespace: string;
  readonly rows: Omit<RowCounts, 'byKeyId'>;
  readonly keys: readonly KeyReport[];
  readonly fleet: {
    /** The highest ring that any node has ever used. */
    readonly ring: number | null;
    readonly nodes: readonly NodeReport[];
    /** The servers of the primary tier that count: the incarnation of each shard. */
    readonly redis: Readonly<Record<string, string>>;
  };
  /** The sessions whose copies in Redis may be stale. */
  readonly feed: { readonly marks: number; readonly more: boolean; readonly oldestSecondsAgo: number | null };
}

export interface StatsQuestion extends CountOptions {
  readonly namespace: string;
  /** The name of the node that this command is. */
  readonly self: string;
}

export async function collectStats(steps: Steps, { namespace, self, ...count }: StatsQuestion): Promise<StatsReport> {
  const { byKeyId, ...rows } = await countRows(steps, count);
  const [fleet, feed, ring] = await steps.take(({ durable, codec }) =>
    Promise.all([durable.fleet.read(), durable.feed.read(0, STATS_MARKS_MAX), Promise.resolve(codec.ring)]),
  );
  return {
    namespace,
    rows,
    keys: keysOf(ring, byKeyId),
    fleet: fleetOf(fleet, self),
    feed: feedOf(feed),
  };
}

function keysOf(ring: KeyRing, byKeyId: ReadonlyMap<string, number>): KeyReport[] {
  return [...byKeyId]
    .map(([keyId, sessions]) => {
      const name = Buffer.from(keyId, 'hex');
      const key = ring.dataKey(name);
      const state = key?.state ?? (ring.isRevoked(name) ? 'revoked' : null);
      return { keyId, kid: key?.kid ?? null, state, sessions };
    })
    .toSorted((a, b) => b.sessions - a.sessions);
}

function fleetOf(fleet: FleetView, self: string): StatsReport['fleet'] {
  const names = readNames(fleet.masters ?? '');
  const living = new Set(livingNodes(fleet));
  const nodes = fleet.nodes.map((node): NodeReport => {
    const status = statusOf(node, fleet);
    const reported = [...readReport(node.masters)].filter(([, incarnation]) => incarnation !== '');
    const isNamed = reported.every(([shard, incarnation]) => names.get(shard)?.incarnation === incarnation);
    return {
      ...status,
      alive: living.has(node),
      self: status.node === self,
      redis: reported.length === 0 ? 'none' : isNamed ? 'named' : 'other',
    };
  });
  return {
    ring: fleet.ring?.version ?? null,
    nodes,
    redis: Object.fromEntries([...names].map(([shard, { incarnation }]) => [shard, incarnation])),
  };
}

function feedOf({ rows, now }: FeedPage): StatsReport['feed'] {
  const oldest = rows[0]?.dirtyAt;
  return {
    marks: rows.length,
    more: rows.length === STATS_MARKS_MAX,
    oldestSecondsAgo: oldest === undefined ? null : Math.max(0, Math.round((now - oldest) / 1_000)),
  };
}
