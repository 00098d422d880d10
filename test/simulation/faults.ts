import type { Random } from './random.ts';

/**
 * What may go wrong, and how far it may let reads of *other* nodes fall behind what was acknowledged: not at all, by the
 * `FEED_FRESH_MS`, by `FEED_FRESH_MS` after the server's data went back, or by `revalidateAfter` (the table of promises,
 * docs/internals/protocol.md).
 */
export const FAULTS = {
  'redis-lost-request': 'feed',
  'redis-lost-reply': 'feed',
  'redis-late': 'feed',
  'redis-freeze': 'feed',
  'redis-restart-empty': 'feed',
  'redis-restart-earlier': 'feed',
  'redis-failover': 'feed',
  'redis-refuse': 'feed',
  'redis-cut': 'feed',
  // Another program stores a list under the key of a session.
  'redis-poison': 'feed',
  // Each command takes 60 to 200 ms, and none is lost.
  'redis-slow': 'feed',
  // Demoted, resynchronised from the replica that took over, and promoted again: the process and its connections stay.
  'redis-demote': 'demotion',
  // Nodes learn of the new master at different times; the old one is stopped, or follows the new one and may be promoted again.
  'redis-two-masters': 'demotion',
  // As two masters, and the nodes that see the old one lose the database.
  'redis-partition': 'demotion',
  // One node of three sees the old master for good, whatever else is mended.
  'redis-stray': 'demotion',
  // A slot moves to another master, and perhaps back.
  'cluster-migrate': 'feed',
  // One master of several dies for good.
  'cluster-down': 'feed',
  // The database names any servers that live, as often as it likes.
  'row-renamed': 'feed',
  // A database that fails over takes back which servers it named last.
  'row-taken-back': 'feed',
  'redis-rollback': 'rollback',
  'redis-evict': 'none',
  'redis-corrupt': 'none',
  // A node that cannot ask which server counts, or is misled by a clock, says nothing of its writes to Redis: it marks their rows.
  'database-lost-request': 'feed',
  'database-lost-reply': 'feed',
  'database-late': 'feed',
  'database-late-reply': 'feed',
  'database-slow': 'feed',
  'database-reject': 'feed',
  'database-down': 'feed',
  'database-cut': 'feed',
  'node-crash': 'feed',
  // Commands time out while nobody looks at their answers.
  'node-pause': 'feed',
  // The machine sleeps: its monotonic clock stops.
  'node-suspend': 'feed',
  // The heartbeats of all nodes, and what they report with them, are late or get lost.
  'heartbeat-lost': 'feed',
  // A deploy: `close`, and a new process.
  'node-close': 'feed',
  'clock-node': 'feed',
  'clock-database': 'feed',
  // Scripts meet their deadlines too early.
  'clock-redis': 'feed',
  // Minutes to hours, and mostly back again.
  'excursion-database': 'feed',
  'excursion-redis': 'feed',
  // One of several servers of the database: its clock is set by up to an hour, it applies nothing for a while, or it has no quorum.
  'server-clock': 'feed',
  'server-queue': 'feed',
  'server-quorum': 'feed',
  // The ring's first key is revoked some time after another was promoted.
  'keys-revoke': 'none',
  // Nothing is promised about it but that it ends well, so it is only simulated when it is named.
  'restored-database': 'restored',
  // A replica takes over that lacks the last commits.
  'restored-fork': 'restored',
} as const satisfies Record<string, 'demotion' | 'feed' | 'none' | 'restored' | 'rollback' | 'validation'>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** A fixed share of runs has one or two of them, beside others. */
const TOPOLOGICAL: ReadonlySet<FaultKind> = new Set([
  'cluster-down',
  'cluster-migrate',
  'redis-demote',
  'redis-partition',
  'redis-stray',
  'redis-two-masters',
  'row-renamed',
  'row-taken-back',
]);
const TOPOLOGICAL_SHARE = 0.4;
const OF_CLUSTERS: ReadonlySet<FaultKind> = new Set(['cluster-down', 'cluster-migrate']);

/** Only a database of several servers has them, so they are drawn by themselves. */
const OF_SERVERS: ReadonlySet<FaultKind> = new Set(['server-clock', 'server-queue', 'server-quorum']);

/** True if there is one that several servers of the database are needed for. */
export function concernsServers(kinds: readonly FaultKind[]): boolean {
  return kinds.some((kind) => OF_SERVERS.has(kind));
}

/** Draws up to two kinds of what happens to one server of the database. */
export function drawServerFaults(random: Random, kinds: readonly FaultKind[], durationMs: number): Fault[] {
  const possible = kinds.filter((kind) => OF_SERVERS.has(kind));
  const drawn = kinds.length <= KINDS_MAX ? possible : [random.pick(possible)!, random.pick(possible)!];
  return drawEach(random, [...new Set(drawn)], durationMs);
}

/** True if there is one that several masters are needed for. */
export function concernsClusters(kinds: readonly FaultKind[]): boolean {
  return kinds.some((kind) => OF_CLUSTERS.has(kind));
}

/** All of which something is promised. */
export const EVERY_PROMISED: readonly string[] = FAULT_KINDS.filter((kind) => FAULTS[kind] !== 'restored');

/** Faults that happen at a moment: many of them can be put into one run. */
const MOMENTARY: ReadonlySet<FaultKind> = new Set([
  'redis-rollback',
  'redis-corrupt',
  'redis-poison',
  'node-crash',
  'node-close',
  'clock-node',
  'restored-fork',
  'row-renamed',
  'row-taken-back',
]);
/** A server's clock is set now and then, not back and forth while a statement runs. */
const ONCE: ReadonlySet<FaultKind> = new Set([
  'clock-database',
  'clock-redis',
  'cluster-down',
  'keys-revoke',
  'redis-stray',
  'restored-database',
]);
const MOMENTS_MAX = 25;

/** Kinds by their names, or all that begin with a word. None are chosen by an empty list. */
export function chooseFaults(names: readonly string[]): FaultKind[] {
  const unknown = names.find((name) => !FAULT_KINDS.some((kind) => isNamed(kind, name)));
  if (unknown !== undefined) throw new Error(`No fault is called ${unknown}. There are ${FAULT_KINDS.join(', ')}.`);
  return FAULT_KINDS.filter((kind) => names.some((name) => isNamed(kind, name)));
}

function isNamed(kind: FaultKind, name: string): boolean {
  return kind === name || kind.startsWith(`${name}-`);
}

/** From `at`, for `lengthMs`; faults of messages hit each one with this probability meanwhile. */
export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly lengthMs: number;
  readonly probability: number;
  /** A number to choose by: which node, which entry, which snapshot, which way of failing. */
  readonly choice: number;
}

const KINDS_MAX = 3;

/** The chances of the moment. */
export class Weather {
  readonly #active = new Map<FaultKind, number>();

  begin(kind: FaultKind, probability: number): void {
    this.#active.set(kind, probability);
  }

  end(kind: FaultKind): void {
    this.#active.delete(kind);
  }

  probability(kind: FaultKind): number {
    return this.#active.get(kind) ?? 0;
  }
}

/** Up to three kinds of fault, each a few times or all the time. Most bugs need no more (Yuan et al., OSDI 2014). */
export function drawFaults(random: Random, kinds: readonly FaultKind[], durationMs: number): Fault[] {
  return drawEach(random, drawKinds(random, kinds), durationMs);
}

/**
 * What happens to servers as a whole. In most runs chance would leave it out, so it is drawn by itself.
 */
export function drawTopologicalFaults(random: Random, kinds: readonly FaultKind[], plan: TopologyPlan): Fault[] {
  const possible = kinds.filter((kind) => TOPOLOGICAL.has(kind) && (plan.masters > 1 || !OF_CLUSTERS.has(kind)));
  if (possible.length === 0 || (kinds.length > KINDS_MAX && !random.chance(TOPOLOGICAL_SHARE))) return [];
  const drawn = kinds.length <= KINDS_MAX ? possible : [random.pick(possible)!, random.pick(possible)!];
  return drawEach(random, [...new Set(drawn)], plan.durationMs);
}

interface TopologyPlan {
  readonly masters: number;
  readonly durationMs: number;
}

function drawEach(random: Random, kinds: readonly FaultKind[], durationMs: number): Fault[] {
  return kinds.flatMap((kind) => {
    const isMany = MOMENTARY.has(kind) && random.chance(0.3);
    const isLasting = !isMany && random.chance(0.3);
    const times = isMany ? random.below(MOMENTS_MAX) : isLasting || ONCE.has(kind) ? 1 : 1 + random.below(3);
    return Array.from({ length: times }, () => drawFault(random, kind, durationMs, isLasting));
  });
}

function drawKinds(random: Random, all: readonly FaultKind[]): FaultKind[] {
  const kinds = all.filter((kind) => !TOPOLOGICAL.has(kind) && !OF_SERVERS.has(kind));
  if (random.chance(0.05)) return [];
  if (kinds.length <= KINDS_MAX) return [...kinds];
  const count = 1 + random.below(KINDS_MAX);
  const drawn = Array.from({ length: count }, () => random.pick(kinds)!);
  return [...new Set(drawn)];
}

function drawFault(random: Random, kind: FaultKind, durationMs: number, isLasting: boolean): Fault {
  const longestMs = random.chance(0.5) ? 10_000 : Math.max(100, Math.min(durationMs / 2, 20_000));
  return {
    kind,
    at: isLasting ? 0 : random.between(0, durationMs),
    lengthMs: isLasting ? durationMs : random.logBetween(20, longestMs),
    probability: random.logBetween(0.03, 1),
    choice: random.unit(),
  };
}
