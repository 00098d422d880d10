import diagnostics from 'node:diagnostics_channel';
import { SessionClient } from '../../src/index.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import type { RevocationLost, TierChange } from '../../src/telemetry/channels.ts';
import { check, type Verdict } from './checkers/check.ts';
import { SERVER_CLOCK_JUMP_MS } from './checkers/margins.ts';
import type { Change, Looks } from './checkers/liveness.ts';
import { heal, schedule, type Scene } from './fault-actions.ts';
import { FAULT_KINDS, FAULTS, Weather, type Fault, type FaultKind } from './faults.ts';
import type { History } from './history.ts';
import { drawPlan, type SimulationPlan } from './plan.ts';
import { SimulatedDatabase } from './servers/simulated-database.ts';
import { SimulatedRedis } from './servers/simulated-redis.ts';
import { SimulatedRing } from './servers/simulated-ring.ts';
import { Workload, type Cart, type SimulatedNode } from './workload.ts';
import { Process, World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly faults?: readonly FaultKind[];
  readonly isTraced?: boolean;
  /** True once nodes learn within `FEED_FRESH_MS` what Redis could not show them. */
  readonly hasFeed?: boolean;
}

export interface SimulationResult extends Verdict {
  readonly plan: SimulationPlan;
  readonly history: History;
  readonly trace: readonly string[];
  readonly endedAt: number;
}

const NAMESPACE = 'simulated';
/** Every retry, probe and back-off has had its turn after this long, and a hold that somebody left behind has run out. */
const RECOVERY_MS = 35_000;
/** Less than `revalidateAfter`; copies are stored and stamped by then. */
const SETTLE_MS = 1_000;
/** What a feed keeps marks for beside `revalidateAfter`: its overlap, a margin, and some polls that clear a few each. */
const MARKS_STAY_MS = 60_000;
/** No operation may take longer than all of its time-outs, one after another. */
const LONGEST_OPERATION_MS = 40_000;

/** The promises that failed without a handler; in production each would end the process. */
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
  const weather = new Weather();
  const redis = new SimulatedRedis(world, weather, plan.masters);
  const skewMs = (): number => world.random.between(-plan.skewMs, plan.skewMs);
  const database = new SimulatedDatabase(world, weather, skewMs(), plan.database);
  const ring = new SimulatedRing(world);
  if (plan.rotatesAt < Infinity) world.at(plan.rotatesAt, () => ring.promote());
  const changes = noteChanges(world);
  const announced = noteLostRevocations();
  let born = 0;
  const makeNode = (): SimulatedNode => {
    born += 1;
    const machine = new Process(world, `node-${born}`, skewMs());
    const client = new SessionClient<Cart>({
      keys: ring.source,
      namespace: NAMESPACE,
      primary: redis.connect(machine),
      durable: database.connect(machine),
      platform: machine,
      revalidateAfter: plan.revalidateAfterMs,
      touchInterval: plan.touchIntervalMs,
      lifetime: { idle: plan.idleMs, absolute: plan.absoluteMs },
      durableOutageReads: plan.durableOutageReadsMs,
      sweep: { every: plan.sweepEveryMs, revokedRetention: plan.revokedRetentionMs },
    });
    return { process: machine, client };
  };
  const workload = new Workload(world, plan, makeNode);
  const ongoing = { outages: [], begun: new Set<Fault>(), excursions: new Map<Fault, () => void>() };
  const scene: Scene = { world, plan, weather, redis, database, ring, workload, ...ongoing };
  for (const fault of plan.faults) schedule(fault, scene);
  workload.start();
  await world.run(plan.durationMs * 4 + 600_000, () => workload.isDone);
  const healedAt = world.now;
  heal(scene);
  workload.openAll();
  await world.run(healedAt + plan.revalidateAfterMs + RECOVERY_MS);
  const looks = await lookRound(scene);
  const health = await workload.health();
  changes.stop();
  workload.close();
  await world.run(world.now + LONGEST_OPERATION_MS, () => workload.unclosed.length === 0);
  announced.stop();
  const { history, sessions } = workload;
  const living = [...database.rows].filter(([, { revokedAt }]) => revokedAt === null).map(([key]) => key);
  const { commits, marks } = database;
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
    announced: announced.handles,
    marks,
    setBackAt: redis.setBackAt,
    held: redis.heldKeys,
    strays: redis.strays,
    isDown: (id) => redis.isDown(storageKeyOf(id)),
    ring: { promotedAt: ring.promotedAt, revokedAt: ring.revokedAt },
    changes: changes.seen,
    health,
    looks,
    healedAt,
    unclosed,
    unheard,
  });
  return { ...verdict, plan, history, trace: world.trace, endedAt: world.now };
}

/** The handles of sessions that a client, when it was closed, announced not to have ended. */
function noteLostRevocations(): { readonly handles: ReadonlySet<string>; stop(): void } {
  const handles = new Set<string>();
  const note = (message: unknown): void => {
    const { handle } = message as RevocationLost;
    if (handle !== null) handles.add(handle);
  };
  diagnostics.subscribe(REVOCATION_LOST, note);
  return { handles, stop: () => void diagnostics.unsubscribe(REVOCATION_LOST, note) };
}

const REVOCATION_LOST = 'holdfast:revocation-lost';

/**
 * Everybody reads everything; again some seconds later, when copies are there and dated by a clock that is right; and, where the database went back, again when Redis
 * has lost them all.
 */
async function lookRound({ world, plan, redis, database, workload }: Scene): Promise<Looks> {
  const looking = async (look: () => void): Promise<number> => {
    const startedAt = world.now;
    look();
    await world.run(startedAt + LONGEST_OPERATION_MS, () => workload.isDone);
    return startedAt;
  };
  const wentBack = plan.faults.some(({ kind }) => FAULTS[kind] === 'restored');
  const firstAt = await looking(() => workload.lookOnce());
  // Who has not asked for its time since the clock of Redis was set has dated copies by the clock of before.
  await world.run(world.now + SERVER_CLOCK_JUMP_MS + SETTLE_MS);
  const livingAt = await looking(() => workload.lookAtLiving(firstAt));
  await world.run(world.now + SETTLE_MS);
  await looking(() => workload.lookAtLiving(firstAt));
  await world.run(world.now + SETTLE_MS);
  const marksAtSecond = database.marks;
  const secondAt = await looking(() => (wentBack ? workload.lookOnce() : workload.lookAtLiving(firstAt)));
  if (wentBack) redis.empty();
  const emptiedAt = wentBack ? await looking(() => workload.lookOnce()) : Infinity;
  // Marks go when no copy from before them can be believed.
  if (database.marks.dated.length > 0) await world.run(world.now + plan.revalidateAfterMs + MARKS_STAY_MS);
  return { firstAt, livingAt, secondAt, marksAtSecond, emptiedAt };
}

/** The changes of the tiers' states, as the library publishes them. */
function noteChanges(world: World): { readonly seen: Change[]; stop(): void } {
  const seen: Change[] = [];
  const onChange = (message: unknown): void => void seen.push({ ...(message as TierChange), at: world.now });
  diagnostics.subscribe(TIER_CHANGE, onChange);
  return { seen, stop: () => void diagnostics.unsubscribe(TIER_CHANGE, onChange) };
}

const TIER_CHANGE = 'holdfast:tier-change';
