import type { Outage } from './checkers/check.ts';
import { SERVER_CLOCK_JUMP_MS } from './checkers/margins.ts';
import type { Fault, FaultKind, Weather } from './faults.ts';
import type { SimulationPlan } from './plan.ts';
import type { SimulatedDatabase } from './servers/simulated-database.ts';
import type { SimulatedRedis } from './servers/simulated-redis.ts';
import type { SimulatedRing } from './servers/simulated-ring.ts';
import type { Workload } from './workload.ts';
import type { Clock, World } from './world.ts';

/* What each fault does to the servers, nodes and clocks of a run, and what ends it. */

/** What faults happen to. */
export interface Scene {
  readonly world: World;
  readonly plan: SimulationPlan;
  readonly weather: Weather;
  readonly redis: SimulatedRedis;
  readonly database: SimulatedDatabase;
  readonly ring: SimulatedRing;
  readonly workload: Workload;
  readonly outages: Outage[];
  /** What has begun and not ended. */
  readonly begun: Set<Fault>;
  /** Clocks that are to come back. */
  readonly excursions: Map<Fault, () => void>;
}

const EXCURSION_MS_MIN = 60_000;
const EXCURSION_MS_MAX = 6 * 60 * 60_000;
/** What a round trip takes in addition. */
const SLOW_MS_MIN = 60;
const SLOW_MS_MAX = 200;

export function schedule(fault: Fault, scene: Scene): void {
  const { world, redis } = scene;
  if (GOING_BACK.has(fault.kind)) redis.expectRollback();
  if (fault.kind === 'restored-fork') scene.database.expectFork();
  world.at(fault.at, () => {
    if (scene.workload.isDone) return;
    world.note(() => `!!! ${fault.kind} for ${fault.lengthMs.toFixed(0)} ms, chance ${fault.probability.toFixed(2)}`);
    noteOutage(fault, scene);
    scene.begun.add(fault);
    begin(fault, scene);
    world.at(fault.lengthMs, () => {
      if (!scene.begun.delete(fault)) return;
      world.note(() => `!!! end of ${fault.kind}`);
      end(fault, scene);
    });
  });
}

const GOING_BACK: ReadonlySet<FaultKind> = new Set([
  'redis-demote',
  'redis-failover',
  'redis-restart-earlier',
  'redis-rollback',
  'redis-partition',
  'redis-stray',
  'redis-two-masters',
]);

/** Whether the fault keeps anybody from an answer of the database, and whom. */
function noteOutage({ kind, choice, lengthMs }: Fault, { world, workload, outages }: Scene): void {
  const isOfOne = kind === 'database-cut';
  if (!isOfOne && !AWAY.has(kind)) return;
  const node = isOfOne ? workload.nodeAt(choice).process.name : null;
  outages.push({ node, from: world.now, until: world.now + lengthMs });
}

const AWAY: ReadonlySet<FaultKind> = new Set([
  'database-down',
  'database-late',
  'database-lost-reply',
  'database-lost-request',
  'database-reject',
  'server-queue',
  'server-quorum',
]);

function begin(fault: Fault, scene: Scene): void {
  const { kind, probability, choice, lengthMs } = fault;
  const { weather, redis, database, ring, workload, plan, world } = scene;
  const shard = redis.shardAt(choice);
  switch (kind) {
    case 'redis-freeze':
      return shard.freeze();
    case 'redis-restart-empty':
    case 'redis-restart-earlier':
    case 'redis-failover':
      return shard.kill();
    case 'redis-two-masters':
      return shard.split(choice, lengthMs, 'some');
    case 'redis-stray':
      return shard.split(choice, lengthMs, 'one');
    case 'redis-partition':
      return partition(fault, scene);
    case 'cluster-migrate':
      return redis.migrate(choice, lengthMs);
    case 'cluster-down':
      return shard.kill();
    case 'row-renamed':
      return void database.nameMasters(redis.namesOfAny());
    case 'row-taken-back':
      return void database.takeBackMasters();
    case 'redis-rollback':
      return shard.rollBack(choice);
    case 'redis-corrupt':
      return shard.master.corruptOne(choice);
    case 'redis-poison':
      return shard.master.poisonOne(choice);
    case 'redis-slow':
      redis.slowMs = SLOW_MS_MIN + choice * (SLOW_MS_MAX - SLOW_MS_MIN);
      return;
    case 'redis-demote':
      return shard.diverge(choice);
    case 'redis-refuse':
      return shard.refuse(choice < 0.5 ? 'what-needs-memory' : 'what-writes');
    case 'redis-cut':
      return redis.cut(workload.nodeAt(choice).process, (choice * 16) % 1 < 0.5 ? shard : null);
    case 'database-down':
      return database.fail(wayOf(choice));
    case 'database-cut':
      return database.cut(workload.nodeAt(choice).process, wayOf((choice * 7) % 1));
    case 'restored-database':
      return database.backUp();
    case 'restored-fork':
      return database.fork(choice);
    case 'node-crash':
      return workload.crash(choice);
    case 'node-close':
      return workload.retire(choice);
    case 'node-suspend':
      return workload.nodeAt(choice).process.suspend(lengthMs);
    case 'node-pause':
      return workload.nodeAt(choice).process.block(lengthMs);
    case 'clock-node':
      return workload.nodeAt(choice).process.clock.set(world.random.between(-plan.skewMs, plan.skewMs));
    case 'clock-database':
      return database.clock.set(world.random.between(-plan.skewMs, plan.skewMs));
    case 'clock-redis':
      return shard.master.clock.jump(SERVER_CLOCK_JUMP_MS * (2 * choice - 1) ** 3);
    case 'excursion-database':
      return depart(fault, database.clock, scene);
    case 'excursion-redis':
      return depart(fault, shard.master.clock, scene);
    case 'server-clock':
      return setServerClock(fault, scene);
    case 'server-queue':
      return database.cluster?.serverAt(choice).stallFor(world, lengthMs);
    case 'server-quorum':
      return setQuorum(fault, scene, false);
    case 'keys-revoke':
      return ring.promote();
    default:
      weather.begin(kind, probability);
  }
}

/** The nodes that do not learn of a new master at once do not reach the database either. */
function partition({ choice, lengthMs }: Fault, { redis, database, world, outages }: Scene): void {
  const shard = redis.shardAt(choice);
  shard.split(choice, lengthMs, 'some');
  for (const node of shard.strays) {
    database.cut(node, wayOf((choice * 7) % 1));
    outages.push({ node: node.name, from: world.now, until: world.now + lengthMs });
  }
}

/** A clock goes wrong by minutes to hours, to either side. */
function depart(fault: Fault, clock: Clock, { excursions }: Scene): void {
  const { choice } = fault;
  const size = EXCURSION_MS_MIN * (EXCURSION_MS_MAX / EXCURSION_MS_MIN) ** ((choice * 16) % 1);
  const byMs = choice < 0.5 ? size : -size;
  clock.jump(byMs);
  // One in four stays wrong.
  if ((choice * 64) % 1 < 0.75) excursions.set(fault, () => clock.jump(-byMs));
}

const SERVER_CLOCK_MS = 3_600_000;

/** The clock of one server of the database jumps, and mostly back again. */
function setServerClock(fault: Fault, { database, excursions }: Scene): void {
  const clock = database.cluster?.serverAt(fault.choice).clock;
  const byMs = SERVER_CLOCK_MS * (2 * ((fault.choice * 16) % 1) - 1) ** 3;
  clock?.jump(byMs);
  if ((fault.choice * 64) % 1 < 0.75) excursions.set(fault, () => clock?.jump(-byMs));
}

function setQuorum({ choice }: Fault, { database }: Scene, has: boolean): void {
  const server = database.cluster?.serverAt(choice);
  if (server) server.isUp = has;
}

function comeBack(fault: Fault, { excursions }: Scene): void {
  excursions.get(fault)?.();
  excursions.delete(fault);
}

function wayOf(choice: number): 'refuses' | 'silent' {
  return choice < 0.5 ? 'refuses' : 'silent';
}

function end(fault: Fault, scene: Scene): void {
  const { kind, choice } = fault;
  const { world, weather, redis, database, ring } = scene;
  const shard = redis.shardAt(choice);
  switch (kind) {
    case 'redis-freeze':
      return shard.thaw();
    case 'redis-restart-empty':
      return shard.start('empty', choice);
    case 'redis-restart-earlier':
      return shard.start('earlier', choice);
    case 'redis-failover':
      return shard.start('replica', choice);
    case 'redis-two-masters':
      return shard.unite();
    case 'redis-partition':
      shard.unite();
      return database.mend();
    case 'redis-slow':
      redis.slowMs = 0;
      return;
    case 'redis-demote':
      return shard.reunite();
    case 'server-queue':
      return database.cluster?.serverAt(choice).stallFor(world, null);
    case 'server-quorum':
      return setQuorum(fault, scene, true);
    case 'excursion-database':
    case 'excursion-redis':
    case 'server-clock':
      return comeBack(fault, scene);
    case 'keys-revoke':
      return ring.revoke();
    case 'redis-refuse':
      return shard.refuse('nothing');
    case 'redis-cut':
      return redis.mend();
    case 'database-down':
      return database.recover();
    case 'database-cut':
      return database.mend();
    case 'restored-database':
      return database.restore();
    case 'cluster-down':
    case 'cluster-migrate':
    case 'redis-corrupt':
    case 'redis-poison':
    case 'redis-rollback':
    case 'redis-stray':
    case 'restored-fork':
    case 'row-renamed':
    case 'row-taken-back':
    case 'node-close':
    case 'node-crash':
    case 'node-pause':
    case 'node-suspend':
    case 'clock-node':
    case 'clock-database':
    case 'clock-redis':
      return;
    default:
      weather.end(kind);
  }
}

export function heal(scene: Scene): void {
  const { world, begun } = scene;
  world.note(() => '!!! everything is well again');
  for (const fault of begun) end(fault, scene);
  begun.clear();
}
