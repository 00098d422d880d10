import { SessionClient } from '../../src/index.ts';
import { fixtureRing } from '../support/ring-fixtures.ts';
import { check, type Verdict } from './checkers/check.ts';
import { FAULT_KINDS, Weather, type Fault, type FaultKind } from './faults.ts';
import type { History } from './history.ts';
import { drawPlan, SKEW_MS, type Plan } from './plan.ts';
import { SimulatedDatabase } from './simulated-database.ts';
import { SimulatedRedis } from './simulated-redis.ts';
import { Workload, type Cart, type SimulatedNode } from './workload.ts';
import { Process, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly faults?: readonly FaultKind[];
  readonly isTraced?: boolean;
  /** Whether nodes learn of what Redis could not tell them by the feed lease already. */
  readonly hasFeed?: boolean;
}

export interface SimulationResult extends Verdict {
  readonly plan: Plan;
  readonly history: History;
  readonly trace: readonly string[];
  readonly endedAt: number;
}

const NAMESPACE = 'simulated';
/** Every retry, probe and back-off has had its turn after this long. */
const RECOVERY_MS = 15_000;
/** No operation may take longer than all of its time-outs, one after another. */
const LONGEST_OPERATION_MS = 40_000;

const ring = fixtureRing();

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
  const keys = await ring;
  const weather = new Weather();
  const redis = new SimulatedRedis(world, weather, NAMESPACE);
  const database = new SimulatedDatabase(world, weather, world.random.between(-SKEW_MS, SKEW_MS));
  let born = 0;
  const makeNode = (): SimulatedNode => {
    born += 1;
    const machine = new Process(world, `node-${born}`, world.random.between(-SKEW_MS, SKEW_MS));
    const client = new SessionClient<Cart>({
      keys,
      namespace: NAMESPACE,
      primary: redis.connect(machine),
      durable: database.connect(machine),
      platform: machine,
      validationLease: plan.validationLeaseMs,
      lifetime: { idle: plan.idleMs, absolute: plan.absoluteMs },
    });
    return { process: machine, client };
  };
  const workload = new Workload(world, plan, makeNode);
  for (const fault of plan.faults) schedule(fault, { world, weather, redis, database, workload });
  workload.start();
  await world.run(plan.durationMs * 4 + 600_000, () => workload.isDone);
  const healedAt = world.now;
  heal(plan, { world, weather, redis, database, workload });
  await world.run(healedAt + plan.validationLeaseMs + RECOVERY_MS);
  workload.lookOnce();
  await world.run(world.now + LONGEST_OPERATION_MS, () => workload.isDone);
  workload.close();
  await world.run(world.now + LONGEST_OPERATION_MS, () => workload.unclosed.length === 0);
  const { history, sessions } = workload;
  const verdict = check({ plan, history, sessions, hasFeed, healedAt, unclosed: workload.unclosed, unheard });
  return { ...verdict, plan, history, trace: world.trace, endedAt: world.now };
}

interface Scene {
  readonly world: World;
  readonly weather: Weather;
  readonly redis: SimulatedRedis;
  readonly database: SimulatedDatabase;
  readonly workload: Workload;
}

function schedule(fault: Fault, scene: Scene): void {
  const { world, redis } = scene;
  if (fault.kind === 'redis-rollback' || fault.kind === 'redis-restart-earlier') redis.expectRollback();
  world.at(fault.at, () => {
    if (scene.workload.isDone) return;
    world.note(() => `!!! ${fault.kind} for ${fault.lengthMs.toFixed(0)} ms, chance ${fault.probability.toFixed(2)}`);
    begin(fault, scene);
    world.at(fault.lengthMs, () => {
      world.note(() => `!!! end of ${fault.kind}`);
      end(fault, scene);
    });
  });
}

function begin({ kind, probability, choice, lengthMs }: Fault, { weather, redis, database, workload }: Scene): void {
  switch (kind) {
    case 'redis-freeze':
      return redis.freeze();
    case 'redis-restart-empty':
    case 'redis-restart-earlier':
      return redis.kill();
    case 'redis-rollback':
      return redis.rollBack(choice);
    case 'redis-evict':
      return redis.evictOne(choice);
    case 'redis-refuse':
      return redis.refuse(choice < 0.5 ? 'what-needs-memory' : 'what-writes');
    case 'redis-cut':
      return redis.cut(workload.nodeAt(choice).process);
    case 'database-down':
      return database.fail(choice < 0.5 ? 'refuses' : 'silent');
    case 'node-crash':
      return workload.crash(choice);
    case 'node-pause':
      return workload.nodeAt(choice).process.standStill(lengthMs);
    default:
      weather.begin(kind, probability);
  }
}

function end({ kind, choice }: Fault, { weather, redis, database }: Scene): void {
  switch (kind) {
    case 'redis-freeze':
      return redis.thaw();
    case 'redis-restart-empty':
      return redis.start('empty', choice);
    case 'redis-restart-earlier':
      return redis.start('earlier', choice);
    case 'redis-refuse':
      return redis.refuse('nothing');
    case 'redis-cut':
      return redis.mend();
    case 'database-down':
      return database.recover();
    case 'redis-evict':
    case 'redis-rollback':
    case 'node-crash':
    case 'node-pause':
      return;
    default:
      weather.end(kind);
  }
}

function heal(plan: Plan, scene: Scene): void {
  scene.world.note(() => '!!! everything is well again');
  for (const fault of plan.faults) end(fault, scene);
}
