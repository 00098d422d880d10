import { TierFailure } from '../../../src/errors.ts';
import { memoryDurableTier, type MemoryDatabase } from '../../../src/tiers/memory/index.ts';
import type { TierContext } from '../../../src/tiers/context.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import { aroundDurable, type DurableMethod } from '../../support/durable-methods.ts';
import type { Weather } from '../faults.ts';
import { shortKey } from '../outcomes.ts';
import { Clock, type Process, type World } from '../world.ts';
import { type ClusterPlan, type ClusterWay, DatabaseCluster, type DatabaseServer } from './database-cluster.ts';

type Availability = 'refuses' | 'silent' | 'up';

const WRITES: ReadonlySet<DurableMethod> = new Set<DurableMethod>([
  'feed.clear',
  'feed.markDirty',
  'fleet.nameMasters',
  'sessions.insert',
  'sessions.regenerate',
  'sessions.revoke',
  'sessions.revokeMany',
  'sessions.touch',
  'sessions.update',
  'upkeep.removeEnded',
]);

export interface Commit {
  /** In hex. */
  readonly storageKey: string;
  readonly revision: number;
  readonly at: number;
}

export interface Marks {
  readonly dated: readonly number[];
  readonly now: number;
}

type StoredRow = MemoryDatabase extends Map<string, infer V> ? V : never;

/** What a statement with a deadline of its own looks like, whatever else it carries. */
interface Deadlined {
  readonly validUntil?: number | null;
}

/** A statement with a deadline of its own may run this many time-outs after it was sent: nothing else keeps it from that. */
const LATENESS_TIMEOUTS_MAX = 15;

/** A replica that takes over lacks at most so many commits. */
const REPLICA_LAG_COMMITS = 6;

const ONE_SERVER: ClusterPlan = { servers: 1, isBalanced: false };

interface Caller {
  readonly node: Process;
  readonly way: ClusterWay | null;
}

interface Executed {
  readonly name: DurableMethod;
  readonly args: unknown[];
  readonly step: () => Promise<unknown>;
}

/** A statement at one server of a cluster. */
interface Visit {
  readonly cluster: DatabaseCluster;
  readonly way: ClusterWay;
  readonly server: DatabaseServer;
  readonly sent: ReturnType<DatabaseCluster['sent']>;
}

/** Locks the whole table. */
const EVERY_ROW = '*';

/**
 * One database: each statement is one step of the reference tier on shared rows, by the database's own clock, and holds
 * its rows from then until it becomes visible.
 */
export class SimulatedDatabase {
  readonly world: World;
  readonly weather: Weather;
  readonly rows: MemoryDatabase = new Map();
  readonly clock: Clock;
  readonly #latencyMs: number;
  /** Row to the time at which its lock is let go. */
  readonly #locks = new Map<string, number>();
  /** Every revision that a row ever had, and since when, in the order of commits. */
  readonly commits: Commit[] = [];
  readonly #cut = new Map<Process, Exclude<Availability, 'up'>>();
  #availability: Availability = 'up';
  #backup: readonly (readonly [string, StoredRow])[] | null = null;
  /** What a replica may have that takes over; empty where none does. */
  readonly #replicas: (readonly (readonly [string, StoredRow])[])[] = [];
  /** What was named as the masters that count, in the order of the changes. */
  readonly #named: string[] = [];
  /** Executes statements for nobody: nothing delays them, and nothing fails. */
  #operator: DurableTier | undefined;
  #mayFork = false;
  /** Null where there is one server. */
  readonly cluster: DatabaseCluster | null;

  constructor(world: World, weather: Weather, skewMs: number, cluster: ClusterPlan = ONE_SERVER) {
    this.world = world;
    this.weather = weather;
    this.clock = new Clock(world, skewMs);
    this.#latencyMs = world.random.logBetween(0.3, 30);
    this.cluster = cluster.servers > 1 ? new DatabaseCluster(world, cluster, new Clock(world, skewMs)) : null;
  }

  /** The tier of one node. */
  connect(node: Process): DurableTier {
    const tier = memoryDurableTier(this.rows);
    let timeoutMs = 0;
    let opened: TierContext | undefined;
    const way = this.cluster?.way(node, () => opened!) ?? null;
    const open = async (context: TierContext): Promise<void> => {
      ({ timeoutMs } = context);
      opened = context;
      await this.#hire(context);
      await tier.open({ ...context, platform: this.clock.asPlatform() });
      await this.#run({ node, way }, 'open', [], timeoutMs, () => Promise.resolve());
    };
    const around = aroundDurable(tier, (name, own) => (...args) => {
      if (name === 'close' || timeoutMs === 0) return own(...args);
      return this.#run({ node, way }, name, args, timeoutMs, () => own(...args));
    });
    return { ...around, open };
  }

  /** How often nodes have changed the masters that count. */
  get changes(): number {
    return this.#named.length;
  }

  /** Names masters, as some node might at any time. */
  async nameMasters(masters: string): Promise<void> {
    const fleet = this.#operator?.fleet;
    const seen = (await fleet?.read())?.masters ?? null;
    await fleet?.nameMasters(seen, masters);
    this.world.note(() => `the database names ${masters}`);
  }

  /** A replica takes over that lacks the last change of the masters that count. */
  async takeBackMasters(): Promise<void> {
    this.#named.pop();
    const before = this.#named.at(-1);
    if (before !== undefined) await this.nameMasters(before);
  }

  async #hire(context: TierContext): Promise<void> {
    if (this.#operator !== undefined) return;
    this.#operator = memoryDurableTier(this.rows);
    await this.#operator.open({ ...context, platform: this.clock.asPlatform() });
  }

  fail(how: Availability): void {
    this.#availability = how;
  }

  recover(): void {
    this.#availability = 'up';
  }

  /** One node alone does not reach it. */
  cut(node: Process, how: Exclude<Availability, 'up'>): void {
    this.#cut.set(node, how);
  }

  mend(): void {
    this.#cut.clear();
  }

  backUp(): void {
    this.#backup = [...this.rows];
  }

  /** Everything since the backup is gone. */
  restore(): void {
    if (this.#backup === null) return;
    this.rows.clear();
    for (const [key, row] of this.#backup) this.rows.set(key, row);
    this.#backup = null;
  }

  /** The dates of the marks that are there now, and the time by the clock that dates them. */
  get marks(): Marks {
    const dated = [...this.rows.values()].flatMap(({ dirtyAt }) => (dirtyAt === null ? [] : [dirtyAt]));
    return { dated, now: this.cluster?.now() ?? this.clock.now() };
  }

  /** Keeps what a replica may have. */
  expectFork(): void {
    this.#mayFork = true;
  }

  /** A replica takes over that lacks some of the last commits. */
  fork(choice: number): void {
    const rows = this.#replicas.at(-1 - Math.floor(choice * this.#replicas.length));
    if (rows === undefined) return;
    this.rows.clear();
    for (const [key, row] of rows) this.rows.set(key, row);
    this.#replicas.length = 0;
  }

  #replicate(): void {
    if (!this.#mayFork) return;
    this.#replicas.push([...this.rows]);
    if (this.#replicas.length > REPLICA_LAG_COMMITS) this.#replicas.shift();
  }

  #availabilityTo(node: Process): Availability {
    return this.#availability === 'up' ? (this.#cut.get(node) ?? 'up') : this.#availability;
  }

  #latency(): number {
    return 0.1 + this.#latencyMs * this.world.random.unit() ** 2;
  }

  #run(
    { node, way }: Caller,
    name: DurableMethod,
    args: unknown[],
    timeoutMs: number,
    step: () => Promise<unknown>,
  ): Promise<unknown> {
    const { world } = this;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const settle = (answer: () => void): void => {
        node.deliver(() => {
          if (isOver) return;
          isOver = true;
          cancel();
          answer();
        });
      };
      const fail = (failure: TierFailure): void => settle(() => reject(failure));
      const cancel = node.after(timeoutMs, () => fail(new TierFailure('ambiguous', 'deadline')));
      if (this.#availabilityTo(node) === 'refuses') {
        world.at(this.#latency(), () => fail(new TierFailure('not-sent', 'ECONNREFUSED')));
        return;
      }
      this.#deliver(name, args, timeoutMs, step, fail, (outcome) => settle(() => resolve(outcome())), { node, way });
    });
  }

  /** The way of one statement to the database and of its answer back. */
  #deliver(
    name: DurableMethod,
    args: unknown[],
    timeoutMs: number,
    step: () => Promise<unknown>,
    fail: (failure: TierFailure) => void,
    succeed: (outcome: () => unknown) => void,
    { node, way }: Caller,
  ): void {
    const { world, weather, cluster } = this;
    const visit = cluster && way && { cluster, way, server: way.server(), sent: cluster.sent(way) };
    let isFirst = true;
    const hits = (kind: Parameters<Weather['probability']>[0]): boolean =>
      world.random.chance(weather.probability(kind));
    const breakLater = (): void => {
      world.at(world.random.between(0, 2 * timeoutMs), () => fail(new TierFailure('ambiguous', 'ECONNRESET')));
    };
    const sentAt = world.now;
    if (hits('database-lost-request')) return breakLater();
    if (name === 'fleet.heartbeat' && hits('heartbeat-lost')) return breakLater();
    const isLate = hits('database-late');
    // Without a deadline of its own a statement is ended by the session's statement timeout.
    const latestMs = hasDeadline(args) ? LATENESS_TIMEOUTS_MAX * timeoutMs : timeoutMs;
    const isReplyLost = hits('database-lost-reply');
    const isRejected = hits('database-reject');
    const slowMs = WRITES.has(name) && hits('database-slow') ? world.random.between(0, 0.9 * timeoutMs) : 0;
    const replyMs = hits('database-late-reply') ? world.random.between(0, 0.8 * timeoutMs) : this.#latency();
    const answer = (outcome: () => void): void => {
      if (isReplyLost || this.#availabilityTo(node) !== 'up') breakLater();
      else world.at(replyMs, outcome);
    };
    const arrive = (): void => {
      if (this.#availabilityTo(node) !== 'up') return breakLater();
      if (isRejected) return answer(() => fail(new TierFailure('rejected', 'deadlock')));
      if (visit) {
        try {
          const queuedMs = visit.cluster.waitFor(visit.server, isFirst);
          isFirst = false;
          if (queuedMs > 0) return void world.at(queuedMs, arrive);
        } catch (error) {
          return answer(() => fail(error as TierFailure));
        }
      }
      const waitMs = WRITES.has(name) ? this.#lockedFor(lockOf(name, args)) : 0;
      if (waitMs > 0) {
        if (!hasDeadline(args) && world.now + waitMs > sentAt + timeoutMs) {
          return answer(() => fail(new TierFailure('rejected', 'statement-timeout')));
        }
        world.at(waitMs, arrive);
        return;
      }
      this.#execute({ name, args, step }, slowMs, node, visit).then(
        (outcome) => answer(() => succeed(outcome)),
        (error: unknown) => answer(() => fail(error as TierFailure)),
      );
    };
    world.at(isLate ? world.random.logBetween(1, latestMs) : this.#latency(), arrive);
  }

  /** The step, stamped with the time at which its locks were taken, visible to others only `slowMs` later. */
  async #execute(
    { name, args, step }: Executed,
    slowMs: number,
    node: Process,
    visit: Visit | null,
  ): Promise<() => unknown> {
    const { world } = this;
    const staleAt = visit?.cluster.staleAt(name, visit.server) ?? null;
    if (visit && staleAt !== null) {
      const past = await visit.way.stale(name, args, staleAt);
      return () => past;
    }
    const stampedAt = visit ? visit.cluster.clockOf(name, visit.server, visit.way, visit.sent) : this.clock.now();
    const lock = lockOf(name, args);
    if (slowMs > 0) {
      for (const row of lock) this.#locks.set(row, world.now + slowMs);
      await world.pause(slowMs);
      for (const row of lock) this.#locks.delete(row);
    }
    this.clock.stopped = stampedAt;
    try {
      if (WRITES.has(name)) this.#replicate();
      const running = step();
      this.clock.stopped = null;
      const outcome = await running;
      if (WRITES.has(name)) {
        this.#log(lock);
        visit?.cluster.note(this.rows);
        if (name === 'fleet.nameMasters' && outcome === true) this.#named.push(String(args[1]));
        world.note(() => `database: ${name} of ${node.name} on ${lock.map(shortName).join(', ')} = ${shown(outcome)}`);
      }
      if (!visit) return () => outcome;
      const present = visit.cluster.shown(name, visit.server, visit.way);
      return () => {
        const answered = present(outcome);
        if (name === 'feed.read') visit.cluster.advance(visit.way, this.#latency());
        return answered;
      };
    } finally {
      this.clock.stopped = null;
    }
  }

  #log(lock: readonly string[]): void {
    for (const storageKey of lock) {
      const { revision = 0, revokedAt = null } = this.rows.get(storageKey) ?? {};
      if (revision > 0 && revokedAt === null) this.commits.push({ storageKey, revision, at: this.world.now });
    }
  }

  #lockedFor(lock: readonly string[]): number {
    const held = [...this.#locks].filter(
      ([row]) => row === EVERY_ROW || lock.includes(EVERY_ROW) || lock.includes(row),
    );
    return Math.max(0, ...held.map(([, until]) => until - this.world.now));
  }
}

function hasDeadline(args: readonly unknown[]): boolean {
  const [command] = args;
  return typeof command === 'object' && command !== null && ((command as Deadlined).validUntil ?? null) !== null;
}

/** The rows that a write works on, in hex. */
function lockOf(name: DurableMethod, args: readonly unknown[]): string[] {
  const [command] = args;
  if (name === 'fleet.nameMasters') return ['fleet'];
  if (Buffer.isBuffer(command)) return [command.toString('hex')];
  if (name === 'feed.clear' || name === 'sessions.revokeMany' || typeof command !== 'object' || command === null)
    return [EVERY_ROW];
  if (name === 'upkeep.removeEnded') {
    return (command as { storageKeys: readonly Buffer[] }).storageKeys.map((key) => key.toString('hex'));
  }
  const { storageKey, previousStorageKey, record } = command as Record<string, unknown>;
  const keys = [
    storageKey,
    previousStorageKey,
    (record as { storageKey?: unknown } | undefined)?.storageKey,
    (command as { storageKey?: unknown }).storageKey,
  ];
  return [...new Set(keys.filter((key) => Buffer.isBuffer(key)).map((key) => key.toString('hex')))];
}

function shortName(row: string): string {
  return row.slice(0, 8);
}

function shown(outcome: unknown): string {
  if (Array.isArray(outcome)) return `${outcome.length} rows`;
  if (typeof outcome !== 'object' || outcome === null) return String(outcome);
  const { storageKey, revision } = outcome as { storageKey?: Buffer; revision?: number };
  return storageKey ? shortKey(storageKey) : `revision ${String(revision)}`;
}
