import type { DurableMethod } from '../../support/durable-methods.ts';
import { HEDGE_AFTER_MS } from '../../../src/limits/primary-tier.ts';
import { SessionClient, type SessionClientOptions } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate, interceptDurable, interceptPrimary, type PrimaryMethod } from '../../support/intercepted-tiers.ts';
import { add, MemoryFleet, type FleetNode, type Shop } from '../../support/memory-fleet.ts';
import type { FeedPage } from '../../../src/tiers/durable.ts';
import { fixtureRing } from '../../support/ring-fixtures.ts';
import { Weather } from '../faults.ts';
import type { ClusterPlan } from '../servers/database-cluster.ts';
import { SimulatedDatabase } from '../servers/simulated-database.ts';
import { SimulatedRedis } from '../servers/simulated-redis.ts';
import { Process, World } from '../world.ts';

/* What scenarios are made of. */

/** What was broken, or null if the promise was kept. */
export type Scenario = () => Promise<string | null>;

/** Holds up the node before this command of either tier, until it may pass. */
export function pauseAt(node: FleetNode, command: DurableMethod | PrimaryMethod): ReturnType<typeof gate> {
  const pause = gate();
  let isOver = false;
  const wait = (method: string): Promise<void> | void => {
    if (method !== command || isOver) return undefined;
    isOver = true;
    return pause.wait();
  };
  node.primary.hook.before = wait;
  node.durable.hook.before = wait;
  return pause;
}

/**
 * What a node read before another wrote without reaching Redis is not dated after it: the writer would take it for
 * news. `command` is the question whose answer comes late.
 */
export async function datedLate(
  command: 'sessions.read' | 'sessions.readState' | 'sessions.update',
  act: (sessions: SessionClient<Shop>, id: string) => Promise<unknown>,
): Promise<string | null> {
  const fleet = new MemoryFleet();
  const [slow, writer] = [await fleet.node(), await fleet.node()];
  const { id } = await writer.sessions.create({ cart: [] });
  if (command !== 'sessions.read') await writer.sessions.get(id);
  await settled();
  const answer = gate();
  slow.durable.override(command, async (own, ...args) => {
    const truth = await own(...args);
    await answer.wait();
    return truth;
  });
  const acting = act(slow.sessions, id);
  await answer.reached;
  writer.cutFromPrimary();
  await add(writer.sessions, id, 'A1');
  writer.heal();
  // They would take away the copy or the lease.
  withoutMarks(writer);
  await fleet.platform.advance(100);
  answer.pass();
  await acting;
  await settled();
  const session = await writer.sessions.get(id);
  return session?.data.cart.includes('A1') ? null : 'a node did not see its own write';
}

/** A session of a user that no node has a copy of. */
export async function newScene() {
  const fleet = new MemoryFleet();
  const [reader, destroyer, other] = [await fleet.node(), await fleet.node(), await fleet.node()];
  const { id } = await destroyer.sessions.create({ cart: [] }, { userId: USER });
  return { fleet, reader, destroyer, other, id };
}

export const USER = 'u_42';

/** Resolves when the statement is done; nothing more comes of it. */
export async function dieBeforeTombstone(node: FleetNode, act: () => Promise<unknown>): Promise<void> {
  const { before } = node.durable.hook;
  const tombstone = pauseAt(node, 'tombstone');
  node.durable.hook.before = before;
  void act();
  await tombstone.reached;
}

/** True if the session is served after a caller got the answer that everything of its user has ended. */
export async function aliveAfterEnd(fleet: MemoryFleet, node: FleetNode, id: string): Promise<string | null> {
  await node.sessions.destroyByUser(USER);
  await fleet.platform.advance(10);
  return (await node.sessions.get(id)) === null ? null : 'a session was served after all of its user had ended';
}

const ring = await fixtureRing();

/** No poll brings marks any more: what does not stand without them is seen. A poll without an answer would take Redis out of use. */
export function withoutMarks({ durable }: Pick<FleetNode, 'durable'>): void {
  durable.override('feed.read', async (own, ...args) => ({ ...((await own(...args)) as FeedPage), rows: [] }));
}

/** A reader with a copy, and a writer that has lost Redis; the reader has polled the feed at time 0. */
export async function twoNodes() {
  const fleet = new MemoryFleet();
  const [reader, writer] = [await fleet.node(), await fleet.node()];
  const { id } = await writer.sessions.create({ cart: [] });
  await reader.sessions.get(id);
  await settled();
  writer.cutFromPrimary();
  return { fleet, reader, writer, id };
}

/** A read may wait a moment for the feed; nothing else happens in that time. */
export async function isBehind({ sessions }: FleetNode, id: string, { platform }: MemoryFleet): Promise<boolean> {
  const read = sessions.get(id);
  await platform.advance(2 * HEDGE_AFTER_MS);
  return (await read)?.data.cart.length === 0;
}

/** Simulated servers and whole clients, without chance in anything but latencies. */
export class Stage {
  readonly world = new World(1);
  readonly weather = new Weather();
  readonly redis: SimulatedRedis;
  readonly database: SimulatedDatabase;
  #nodes = 0;

  constructor(masters = 1, database?: ClusterPlan) {
    this.database = new SimulatedDatabase(this.world, this.weather, 0, database);
    this.redis = new SimulatedRedis(this.world, this.weather, masters);
  }

  readonly node = (options: Partial<SessionClientOptions<Shop>> = {}) => {
    this.#nodes += 1;
    const machine = new Process(this.world, `node-${this.#nodes}`, 0);
    const durable = interceptDurable(this.database.connect(machine));
    const primary = interceptPrimary(this.redis.connect(machine));
    const client = new SessionClient<Shop>({
      keys: ring,
      primary: primary.tier,
      durable: durable.tier,
      platform: machine,
      ...options,
    });
    return { process: machine, primary, durable, client };
  };

  /** Lets time pass until it has settled. */
  readonly outcome = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await this.world.run(this.world.now + 60_000, () => isSettled);
    return promise;
  };
}

export type StageNode = ReturnType<Stage['node']>;

/** A reader that believes its copy, and a writer; both have polled the feed. */
export async function twoOnStage(options: Partial<SessionClientOptions<Shop>> = {}) {
  const stage = new Stage();
  const { node, outcome, world } = stage;
  const [reader, writer] = [node(options), node(options)];
  await outcome(Promise.all([reader.client.ready(), writer.client.ready()]));
  const { id } = await outcome(writer.client.create({ cart: [] }));
  await outcome(reader.client.get(id));
  await outcome(world.pause(100));
  return { ...stage, stage, reader, writer, id };
}
