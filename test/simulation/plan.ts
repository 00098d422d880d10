import {
  concernsClusters,
  concernsServers,
  drawFaults,
  drawServerFaults,
  drawTopologicalFaults,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
} from './faults.ts';
import { Random } from './random.ts';
import type { ClusterPlan } from './servers/database-cluster.ts';

/** The facts of a run that checkers need. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly actors: number;
  readonly users: number;
  /** Sessions alive at a time. */
  readonly sessions: number;
  readonly operations: number;
  /** Mean time between two operations of one actor. */
  readonly pauseMs: number;
  readonly revalidateAfterMs: number;
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** @defaultValue 30 s */
  readonly touchIntervalMs?: number;
  /** Clocks of nodes and of the database are wrong by this much at most, to either side. @defaultValue `SKEW_MS` */
  readonly skewMs?: number;
  readonly durationMs: number;
  readonly faults: readonly Fault[];
}

/** Everything about one simulation that is decided before it begins. */
export interface SimulationPlan extends Plan {
  readonly profile: Profile;
  /** More than one where Redis is a cluster. */
  readonly masters: number;
  /** More than one server where the database is a cluster. */
  readonly database: ClusterPlan;
  readonly skewMs: number;
  readonly touchIntervalMs: number;
  /** When the source of the key ring has the pending key promoted: from then on, some nodes seal with what others have as pending. */
  readonly rotatesAt: number;
  /** Some sessions are not written again after a write, so that a node that missed it is seen to be behind. */
  readonly isPeaceful: boolean;
  /**
   * The intervals of the nodes' sweeps, how long revoked rows stay, and how late rows may learn what Redis served
   * alone.
   */
  readonly sweepEveryMs: number;
  readonly revokedRetentionMs: number;
  readonly durableOutageReadsMs: number;
}

/** Long lives; lives that end while the run lasts; many sessions of few users, so that what ends many takes several batches. */
type Profile = 'brief' | 'crowded' | 'ordinary';

/** Half of what two clocks of the fleet may differ by (`CLOCK_SKEW_MS`). */
export const SKEW_MS = 2_500;
/** Where lives are short, clocks are nearly right: otherwise they alone would decide. */
const BRIEF_SKEW_MS = 25;

/**
 * The longest that a node may be behind when Redis could not notify it. This is the promise, not the library's
 * constant.
 */
export const FEED_FRESH_MS = 1_500;

const LONG_IDLE_MS = 30 * 60_000;
const LONG_ABSOLUTE_MS = 12 * 60 * 60_000;
const LONG_OUTAGE_READS_MS = 15 * 60_000;

const LONG_TOUCH_MS = 30_000;

/** Half of them are so short that a run has many touches. */
function drawTouchInterval(random: Random): number {
  if (random.chance(0.5)) return LONG_TOUCH_MS;
  return random.chance(0.3) ? 0 : Math.round(random.logBetween(10, LONG_TOUCH_MS));
}

/** A stream beside the others of a run, so that what is drawn of it moves nothing else. */
const TOPOLOGY_STREAM = 0x7090;
const CLUSTER_SHARE = 0.35;
const DATABASE_STREAM = 0x5eb5;
const DATABASE_CLUSTER_SHARE = 0.25;
/** Where there are fewer, one stray is half of the nodes or more. */
const NODES_BESIDE_A_STRAY = 3;

export function drawPlan(random: Random, seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): SimulationPlan {
  const profile = random.weighted<Profile>({ ordinary: 70, brief: 18, crowded: 12 });
  const isBrief = profile === 'brief';
  const isCrowded = profile === 'crowded';
  const actors = 3 + random.below(6);
  const operations = 60 + random.below(120);
  const pauseMs = random.logBetween(1, 2_000);
  const durationMs = (operations / actors) * (pauseMs + 10);
  const topology = new Random(seed ^ TOPOLOGY_STREAM);
  const isCluster = concernsClusters(kinds) && (kinds.length <= 3 || topology.chance(CLUSTER_SHARE));
  const masters = isCluster ? 2 + topology.below(2) : 1;
  const topological = drawTopologicalFaults(topology, kinds, { masters, durationMs });
  const hasStray = topological.some(({ kind }) => kind === 'redis-stray');
  const ofDatabase = new Random(seed ^ DATABASE_STREAM);
  const hasServers = concernsServers(kinds) && (kinds.length <= 3 || ofDatabase.chance(DATABASE_CLUSTER_SHARE));
  const database = { servers: hasServers ? 2 + ofDatabase.below(2) : 1, isBalanced: ofDatabase.chance(0.3) };
  const serverFaults = hasServers ? drawServerFaults(ofDatabase, kinds, durationMs) : [];
  const idleMs = isBrief ? Math.round(random.logBetween(1_000, 60_000)) : LONG_IDLE_MS;
  return {
    seed,
    profile,
    masters,
    database,
    nodes: Math.max(2 + random.below(2), hasStray ? NODES_BESIDE_A_STRAY : 0),
    actors,
    users: isCrowded ? 1 : 1 + random.below(2),
    sessions: (isCrowded ? 4 + random.below(5) : 1 + random.below(3)) + masters - 1,
    operations,
    pauseMs,
    revalidateAfterMs: Math.round(random.logBetween(2_000, 60_000)),
    idleMs,
    absoluteMs: isBrief ? Math.round(idleMs * random.between(2, 8)) : LONG_ABSOLUTE_MS,
    skewMs: isBrief ? BRIEF_SKEW_MS : SKEW_MS,
    rotatesAt: random.chance(0.2) ? random.between(0, durationMs) : Infinity,
    isPeaceful: random.chance(0.3),
    durationMs,
    faults: [...drawFaults(random, kinds, durationMs), ...topological, ...serverFaults],
    sweepEveryMs: Math.round(random.logBetween(500, 20_000)),
    revokedRetentionMs: Math.round(random.logBetween(15_000, 60_000)),
    durableOutageReadsMs: Math.round(random.logBetween(1_000, LONG_OUTAGE_READS_MS)),
    touchIntervalMs: drawTouchInterval(random),
  };
}
