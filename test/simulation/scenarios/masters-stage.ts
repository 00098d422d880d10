import type { DurableMethod } from '../../support/durable-methods.ts';
import { add } from '../../support/memory-fleet.ts';
import type { RedisServer } from '../servers/redis-server.ts';
import { Stage, type StageNode } from './scene.ts';

/** How far a node may be behind another one: 1.5 s and what measuring costs. */
export const BEHIND_MS_MAX = 1_600;
let nonces = 0;

/** The text by which the database names one server. */
export function nameFor({ incarnation }: RedisServer): string {
  nonces += 1;
  return `main=${incarnation}.${nonces.toString(16).padStart(8, '0')}`;
}

/**
 * Nodes that have read a session at the server that the database names, and a replica that took over, of which none of them knows.
 * Only the scenario changes what is named, unless `isFree`.
 */
export async function twoMasters(count: number, isFree = false) {
  const stage = new Stage();
  const { node, outcome, world, redis } = stage;
  const nodes = Array.from({ length: count }, () => node());
  await outcome(Promise.all(nodes.map(({ client }) => client.ready())));
  const [first] = nodes;
  const { id } = await outcome(first!.client.create({ cart: [] }));
  await outcome(world.pause(2_500));
  for (const { client } of nodes) await outcome(client.get(id, { touch: false }));
  await outcome(world.pause(100));
  for (const { durable } of isFree ? [] : nodes) durable.override('fleet.nameMasters', async () => false);
  const old = redis.master;
  redis.main.failOver();
  return { ...stage, stage, nodes: nodes as [StageNode, StageNode, StageNode], id, old, young: redis.master };
}

export type TwoMasters = Awaited<ReturnType<typeof twoMasters>>;

/** Resolves after the next poll of the node that begins from now on was answered. */
export function polled({ durable }: StageNode): Promise<void> {
  return new Promise((resolve) => {
    durable.override('feed.read', async (own, ...args) => {
      const page = await own(...args);
      resolve();
      return page;
    });
  });
}

/** The statement gets no answer any more. */
export function without(...names: readonly DurableMethod[]) {
  return (method: DurableMethod): Promise<void> | void =>
    names.includes(method) ? new Promise(() => undefined) : undefined;
}

/** Polls get no answer any more. */
export const withoutPolls = without('feed.read');

/**
 * The writer polls for the last time; the database names the server of the reader; the reader polls, and reads; the writer writes. Says
 * whether the reader sees that when the bound has passed.
 */
export async function writeAfterNaming(
  { outcome, world, database, id }: Pick<TwoMasters, 'database' | 'id' | 'outcome' | 'world'>,
  writer: StageNode,
  reader: StageNode,
  named: string,
  write: 'destroy' | 'update' = 'update',
): Promise<string | null> {
  const { before } = writer.durable.hook;
  await outcome(polled(writer));
  const polledAt = world.now;
  writer.durable.hook.before = (method) => withoutPolls(method) ?? before(method);
  await database.nameMasters(named);
  await outcome(polled(reader));
  await outcome(world.pause(20));
  // A poll in between counts as two where nothing else is waited for.
  if (world.now - polledAt < 700) await outcome(world.pause(230));
  for (let read = 0; read < 2; read += 1) {
    await outcome(reader.client.get(id, { touch: false }));
    await outcome(world.pause(20));
  }
  if (world.now - polledAt > 1_400) throw new Error('The reader polled too late for this scenario.');
  await outcome<unknown>(write === 'update' ? add(writer.client, id, 'A1') : writer.client.destroy(id));
  await outcome(world.pause(BEHIND_MS_MAX));
  const session = await outcome(reader.client.get(id, { touch: false }));
  const isSeen = write === 'update' ? session?.data.cart.includes('A1') === true : session === null;
  return isSeen ? null : 'a write was not seen 1.6 s later';
}
