import { type KeySource, SessionClient } from '../../src/index.ts';
import { withPromoted } from '../../src/keys/rotation.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import { fixtureRing } from '../support/ring-fixtures.ts';
import { check, type Outage, type Verdict } from './checkers/check.ts';
import { SERVER_CLOCK_JUMP_MS } from './checkers/margins.ts';
import { FAULT_KINDS, Weather, type Fault, type FaultKind } from './faults.ts';
import type { History } from './history.ts';
import { drawPlan, type SimulationPlan } from './plan.ts';
import { SimulatedDatabase } from './simulated-database.ts';
import { SimulatedRedis } from './simulated-redis.ts';
import { Workload, type Cart, type SimulatedNode } from './workload.ts';
import { EPOCH_MS, Process, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly faults?: readonly FaultKind[];
  readonly isTraced?: boolean;
  /** Whether nodes learn of what Redis could not tell them by the feed lease already. */
  readonly hasFeed?: boolean;
}

export interface SimulationResult extends Verdict {
  readonly plan: SimulationPlan;
  readonly history: History;
  readonly trace: readonly string[];
  readonly endedAt: number;
}

const NAMESPACE = 'simulated';
/** Every retry, probe and back-off has had its turn after this long. */
const RECOVERY_MS = 15_000;
const KEYS_LOOK_MS_MAX = 5_000;
/** No operation may take longer than all of its time-outs, one after another. */
const LONGEST_OPERATION_MS = 40_000;

/** Before and after a promotion: every node has both keys, and for a while not all of them seal with the same. */
const rings = fixtureRing().then(
  (ring) => [ring, withPromoted(ring, {}, { ...systemPlatform, now: () => EPOCH_MS })] as const,
);

/** Promises that failed with nobody to hear it; in production each would end the process. */
const unheard: string[] = [];
let isListening = false;

/** One run of whole clients on simulated time: work and faults, recovery, a last look, and the verdict. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, faults = FAULT_KINDS, isTraced = false, hasFeed = true } = options;
  if (!isListening) process.on('unhandledRejection', (reason) => unheard.push(String(reason)));
  isListening = true;
  unheard.length = 0;
  const world = new World(seed, isTraced);
  const plan = drawPlan(world.random, seed, faults);
  const [before, after] = await rings;
  const weather = new Weather();
  const redis = new SimulatedRedis(world, weather);
  const skewMs = (): number => world.random.between(-plan.skewMs, plan.skewMs);
  const database = new SimulatedDatabase(world, weather, skewMs());
  const keys: KeySource = {
    load: () => Promise.resolve(world.now < plan.rotatesAt ? before : after),
    watch: (changed, platform) => lookAtRandom(world, platform, changed),
  };
  let born = 0;
  const makeNode = (): SimulatedNode => {
    born += 1;
    const machine = new Process(world, `node-${born}`, skewMs());
    const client = new SessionClient<Cart>({
      keys,
      namespace: NAMESPACE,
      primary: redis.connect(machine),
      durable: database.connect(machine),
      platform: machine,
      validationLease: plan.validationLeaseMs,
      lifetime: { idle: plan.idleMs, absolute: plan.absoluteMs },
      durableOutageReads: plan.durableOutageReadsMs,
      sweep: { every: plan.sweepEveryMs, revokedRetention: plan.revokedRetentionMs },
    });
    return { process: machine, client };
  };
  const workload = new Workload(world, plan, makeNode);
  const scene: Scene = { world, plan, weather, redis, database, workload, outages: [] };
  for (const fault of plan.faults) schedule(fault, scene);
  workload.start();
  await world.run(plan.durationMs * 4 + 600_000, () => workload.isDone);
  const healedAt = world.now;
  heal(scene);
  await world.run(healedAt + plan.validationLeaseMs + RECOVERY_MS);
  workload.lookOnce();
  await world.run(world.now + LONGEST_OPERATION_MS, () => workload.isDone);
  workload.close();
  await world.run(world.now + LONGEST_OPERATION_MS, () => workload.unclosed.length === 0);
  const { history, sessions } = workload;
  const living = [...database.rows].filter(([, { revokedAt }]) => revokedAt === null).map(([key]) => key);
  const { commits } = database;
  const { crashed, unclosed } = workload;
  const { outages } = scene;
  const verdict = check({
    plan,
    hasFeed,
    crashed,
    history,
    sessions,
    outages,
    commits,
    living,
    healedAt,
    unclosed,
    unheard,
  });
  return { ...verdict, plan, history, trace: world.trace, endedAt: world.now };
}

interface Scene {
  readonly world: World;
  readonly plan: SimulationPlan;
  readonly weather: Weather;
  readonly redis: SimulatedRedis;
  readonly database: SimulatedDatabase;
  readonly workload: Workload;
  readonly outages: Outage[];
}

function schedule(fault: Fault, scene: Scene): void {
  const { world, redis } = scene;
  if (GOING_BACK.has(fault.kind)) redis.expectRollback();
  world.at(fault.at, () => {
    if (scene.workload.isDone) return;
    world.note(() => `!!! ${fault.kind} for ${fault.lengthMs.toFixed(0)} ms, chance ${fault.probability.toFixed(2)}`);
    noteOutage(fault, scene);
    begin(fault, scene);
    world.at(fault.lengthMs, () => {
      world.note(() => `!!! end of ${fault.kind}`);
      end(fault, scene);
    });
  });
}

const GOING_BACK: ReadonlySet<FaultKind> = new Set([
  'redis-failover',
  'redis-restart-earlier',
  'redis-rollback',
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
]);

function begin({ kind, probability, choice, lengthMs }: Fault, scene: Scene): void {
  const { weather, redis, database, workload, plan, world } = scene;
  switch (kind) {
    case 'redis-freeze':
      return redis.freeze();
    case 'redis-restart-empty':
    case 'redis-restart-earlier':
    case 'redis-failover':
      return redis.kill();
    case 'redis-two-masters':
      return redis.split(choice);
    case 'redis-rollback':
      return redis.rollBack(choice);
    case 'redis-corrupt':
      return redis.master.corruptOne(choice);
    case 'redis-refuse':
      return redis.refuse(choice < 0.5 ? 'what-needs-memory' : 'what-writes');
    case 'redis-cut':
      return redis.cut(workload.nodeAt(choice).process);
    case 'database-down':
      return database.fail(wayOf(choice));
    case 'database-cut':
      return database.cut(workload.nodeAt(choice).process, wayOf((choice * 7) % 1));
    case 'restored-database':
      return database.backUp();
    case 'node-crash':
      return workload.crash(choice);
    case 'node-pause':
      return workload.nodeAt(choice).process.standStill(lengthMs);
    case 'clock-node':
      return workload.nodeAt(choice).process.clock.set(world.random.between(-plan.skewMs, plan.skewMs));
    case 'clock-database':
      return database.clock.set(world.random.between(-plan.skewMs, plan.skewMs));
    case 'clock-redis':
      return redis.master.clock.jump(SERVER_CLOCK_JUMP_MS * (2 * choice - 1) ** 3);
    default:
      weather.begin(kind, probability);
  }
}

function wayOf(choice: number): 'refuses' | 'silent' {
  return choice < 0.5 ? 'refuses' : 'silent';
}

function end({ kind, choice }: Fault, { weather, redis, database }: Scene): void {
  switch (kind) {
    case 'redis-freeze':
      return redis.thaw();
    case 'redis-restart-empty':
      return redis.start('empty', choice);
    case 'redis-restart-earlier':
      return redis.start('earlier', choice);
    case 'redis-failover':
      return redis.start('replica', choice);
    case 'redis-two-masters':
      return redis.unite();
    case 'redis-refuse':
      return redis.refuse('nothing');
    case 'redis-cut':
      return redis.mend();
    case 'database-down':
      return database.recover();
    case 'database-cut':
      return database.mend();
    case 'restored-database':
      return database.restore();
    case 'redis-corrupt':
    case 'redis-rollback':
    case 'node-crash':
    case 'node-pause':
    case 'clock-node':
    case 'clock-database':
    case 'clock-redis':
      return;
    default:
      weather.end(kind);
  }
}

function heal(scene: Scene): void {
  const { world, plan } = scene;
  world.note(() => '!!! everything is well again');
  for (const fault of plan.faults) end(fault, scene);
}

/** As a node that looks at its ring file now and then: each learns of a promotion at another time. */
function lookAtRandom(world: World, platform: Platform, changed: () => void): () => void {
  let cancel = (): void => undefined;
  const look = (): void => {
    cancel = platform.after(
      world.random.between(0, KEYS_LOOK_MS_MAX),
      () => {
        changed();
        look();
      },
      'background',
    );
  };
  look();
  return () => cancel();
}
