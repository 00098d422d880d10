import { CLUSTER_CLOCKS_APART_MS, CLUSTER_TIME_LEAP_MS } from '../../../src/limits/database-cluster.ts';
import { TierFailure } from '../../../src/errors.ts';
import { memoryDurableTier, type MemoryDatabase } from '../../../src/tiers/memory/index.ts';
import { ClusterTime } from '../../../src/tiers/sql/cluster/cluster-time.ts';
import { databaseOf } from '../../../src/tiers/sql/dialects/databases.ts';
import { galeraOf } from '../../../src/tiers/sql/dialects/mysql/galera.ts';
import type { TierContext } from '../../../src/tiers/context.ts';
import type { DurableMethod, Method } from '../../support/durable-methods.ts';
import type { Clock, Process, World } from '../world.ts';

/** How many servers the database has, and whether a balancer sends each statement of a node to any of them. */
export interface ClusterPlan {
  readonly servers: number;
  readonly isBalanced: boolean;
}

/** One server of a cluster: it applies what the others have committed some time later, and has a clock of its own. */
export class DatabaseServer {
  readonly name: string;
  readonly clock: Clock;
  readonly lagMs: number;
  isUp = true;
  /** Until then it applies nothing. */
  stalledUntil = 0;

  constructor(name: string, clock: Clock, lagMs: number) {
    this.name = name;
    this.clock = clock;
    this.lagMs = lagMs;
  }

  /** It applies nothing for so long, while its clients' statements wait, or goes on now. */
  stallFor({ now }: World, ms: number | null): void {
    this.stalledUntil = ms === null ? now : Math.max(this.stalledUntil, now + ms);
  }
}

/** The values that a statement carries from where it was sent. */
interface SentTime {
  readonly now: number;
  readonly offsets: Readonly<Record<string, number>>;
}

/** The way of one node to the cluster. */
export interface ClusterWay {
  readonly time: ClusterTime;
  readonly server: () => DatabaseServer;
  /** Reads what a server had applied at this time. */
  readonly stale: (name: DurableMethod, args: readonly unknown[], at: number) => Promise<unknown>;
}

const SKEW_MS = 3_600_000;
/** The server waits for its queue no longer (`repl.causal_read_timeout`). */
const CAUSAL_WAIT_MS = 30_000;
/** The statements that carry the time of the cluster, besides those with a deadline. */
const TIMED: ReadonlySet<DurableMethod> = new Set<DurableMethod>([
  'feed.markDirty',
  'fleet.heartbeat',
  'sessions.insert',
  'sessions.regenerate',
  'sessions.revoke',
  'sessions.revokeMany',
  'sessions.update',
  'upkeep.claimSweep',
]);
const SHOWING_TIME: ReadonlySet<DurableMethod> = new Set<DurableMethod>(['feed.read', 'fleet.read', 'open', 'probe']);
const READS: ReadonlySet<DurableMethod> = new Set<DurableMethod>(['sessions.read', 'sessions.readState']);

/**
 * Several servers that all take writes, on one order of commits. A statement waits until its server has applied what was committed before,
 * if its text says so; the texts and the time are the library's own.
 */
export class DatabaseCluster {
  readonly #world: World;
  readonly #plan: ClusterPlan;
  readonly servers: readonly DatabaseServer[];
  readonly #isCausal: boolean;
  #committed: number | null = null;
  #ways = 0;
  readonly #times: { readonly node: Process; readonly time: ClusterTime }[] = [];
  /** What there was after each commit. */
  readonly #states: { readonly at: number; readonly rows: readonly (readonly [string, unknown])[] }[] = [];

  constructor(world: World, plan: ClusterPlan, first: Clock) {
    this.#world = world;
    this.#plan = plan;
    this.servers = Array.from({ length: plan.servers }, (_, n) => {
      const clock = n === 0 ? first : first.beside(world.random.between(-SKEW_MS, SKEW_MS));
      return new DatabaseServer(`s${n}`, clock, world.random.logBetween(1, 200));
    });
    const { dialect } = galeraOf(databaseOf('mysql', 'sessions'), clocklessPlatform(first));
    this.#isCausal = /wsrep_sync_wait = 15 /.test(dialect.prefix('SELECT'));
  }

  serverAt(choice: number): DatabaseServer {
    return this.servers[Math.floor(choice * this.servers.length)]!;
  }

  way(node: Process, context: () => TierContext): ClusterWay {
    const home = this.servers[this.#ways % this.servers.length]!;
    this.#ways += 1;
    const time = new ClusterTime(node);
    this.#times.push({ node, time });
    const server = (): DatabaseServer => {
      if (!this.#plan.isBalanced) return home;
      const up = this.servers.filter(({ isUp }) => isUp);
      return this.#world.random.pick(up) ?? home;
    };
    return { time, server, stale: (name, args, at) => this.#readStale(name, args, at, context()) };
  }

  /** The latest time that any living node has. */
  now(): number {
    return Math.max(0, ...this.#times.filter(({ node }) => node.isAlive).map(({ time }) => time.now()));
  }

  /** How long a statement waits that has reached the server. Throws what the server refuses it with. */
  waitFor({ isUp, stalledUntil, lagMs }: DatabaseServer, isFirst: boolean): number {
    if (!isUp) throw new TierFailure('rejected', 'no-quorum');
    if (!this.#isCausal) return 0;
    const waitMs = Math.max(stalledUntil - this.#world.now, 0) + (isFirst ? this.#world.random.between(0, lagMs) : 0);
    if (waitMs > CAUSAL_WAIT_MS) throw new TierFailure('rejected', 'lock-timeout');
    return waitMs;
  }

  /** The time that a read without a wait is answered from; null where nothing is answered from the past. */
  staleAt(name: DurableMethod, { stalledUntil, lagMs }: DatabaseServer): number | null {
    if (this.#isCausal || !READS.has(name)) return null;
    const { now } = this.#world;
    return now - lagMs - (stalledUntil > now ? CAUSAL_WAIT_MS : 0);
  }

  sent({ time }: ClusterWay): SentTime {
    return { now: time.now(), offsets: JSON.parse(time.offsets()) as Record<string, number> };
  }

  /** The clock of a statement: see `galeraNow`. A node that does not know the server reads its clock, and sends the statement again. */
  clockOf(name: DurableMethod, server: DatabaseServer, way: ClusterWay, sent: SentTime): number {
    const wall = server.clock.now();
    if (name === 'open') this.#begin(Math.min(wall + CLUSTER_CLOCKS_APART_MS, way.time.wall));
    if (!TIMED.has(name)) return sent.now;
    const offset = sent.offsets[server.name];
    if (offset !== undefined) return Math.max(sent.now, wall + offset);
    way.time.take({ server: server.name, wall, committed: this.#committed });
    return this.clockOf(name, server, way, this.sent(way));
  }

  #begin(time: number): void {
    if (this.#committed === null || time - this.#committed > CLUSTER_TIME_LEAP_MS) this.#committed = time;
  }

  /** Returns what the node makes of an answer when that arrives. */
  shown(name: DurableMethod, server: DatabaseServer, { time }: ClusterWay): (outcome: unknown) => unknown {
    if (!SHOWING_TIME.has(name)) return (outcome) => outcome;
    const reading = { server: server.name, wall: server.clock.now(), committed: this.#committed };
    return (outcome) => {
      time.take(reading);
      if (name === 'open') return outcome;
      return name === 'probe' ? time.now() : { ...(outcome as object), now: time.now() };
    };
  }

  /** Commits the node's time after a poll, `delayMs` later, if it is due. */
  advance({ time }: ClusterWay, delayMs: number): void {
    if (!time.isBehind) return;
    const now = time.now();
    this.#world.at(delayMs, () => {
      this.#committed = Math.max(this.#committed ?? 0, now);
    });
  }

  /** Keeps the rows as they are after a commit, for reads that do not wait. */
  note(rows: MemoryDatabase): void {
    if (!this.#isCausal) this.#states.push({ at: this.#world.now, rows: [...rows] });
  }

  async #readStale(name: DurableMethod, args: readonly unknown[], at: number, context: TierContext): Promise<unknown> {
    const rows: MemoryDatabase = new Map(
      this.#states.findLast((state) => state.at <= at)?.rows as readonly (readonly [string, never])[] | undefined,
    );
    const tier = memoryDurableTier(rows);
    await tier.open({ ...context, platform: clocklessPlatform(this.servers[0]!.clock) });
    return (tier.sessions[name.split('.')[1] as 'read'] as Method)(...args);
  }
}

function clocklessPlatform(clock: Clock): TierContext['platform'] {
  return clock.asPlatform();
}
