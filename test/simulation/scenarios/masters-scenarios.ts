import type { NodeMark } from '../../../src/tiers/durable.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add } from '../../support/memory-fleet.ts';
import {
  nameFor,
  polled,
  twoMasters,
  without,
  withoutPolls,
  writeAfterNaming,
  BEHIND_MS_MAX,
  type TwoMasters,
} from './masters-stage.ts';
import type { Scenario, StageNode } from './scene.ts';

/** Two servers that take writes, and what the database names: none of the nodes is misled for longer than the bound. */
export const mastersScenarios = {
  /** The writer's view may be as old as its last poll, so a server does not count as soon as it is named. */
  'a server that is named, and a writer that does not know yet': async () => {
    const scene = await twoMasters(2);
    const [writer, reader] = scene.nodes;
    await leadTo(scene, reader);
    return writeAfterNaming(scene, writer, reader, nameFor(scene.young));
  },

  /** The polls of the writer get no answer, but its statements do: what its server received may be unknown to all others. */
  'a writer whose polls are late': async () => {
    const { database, outcome, world, young, id, ...scene } = await twoMasters(2);
    const [writer, reader] = scene.nodes;
    await leadTo({ ...scene, outcome, world }, reader);
    writer.durable.hook.before = withoutPolls;
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(4_000));
    return writesUnseen({ outcome, world, id }, writer, reader);
  },

  /** Its server receives it before the writer learns that the server does not count any more, and answers after that. */
  'a write that is answered when its server counts no more': async () => {
    const { database, outcome, world, young, id, ...scene } = await twoMasters(2);
    const [writer, reader] = scene.nodes;
    await leadTo({ ...scene, outcome, world }, reader);
    writer.durable.hook.before = withoutPollsUntilWrite(writer);
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(4_000));
    for (let read = 0; read < 2; read += 1) {
      await outcome(reader.client.get(id, { touch: false }));
      await outcome(world.pause(20));
    }
    const answer = gate();
    writer.primary.override('publish', async (own, ...args) => {
      const stored = await own(...args);
      await answer.wait();
      return stored;
    });
    const writing = add(writer.client, id, 'A1');
    await outcome(answer.reached);
    answer.pass();
    await outcome(writing);
    await outcome(world.pause(BEHIND_MS_MAX));
    const session = await outcome(reader.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 1.6 s later';
  },

  /** What a deposed server holds is not read, however long its node learns of nothing. */
  'a reader at a deposed server': async () => {
    const { database, outcome, world, young, id, ...scene } = await twoMasters(2);
    const [reader, writer] = scene.nodes;
    await leadTo({ ...scene, outcome, world }, writer);
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(4_000));
    await outcome(writer.client.get(id, { touch: false }));
    await outcome(world.pause(100));
    return writesUnseen({ outcome, world, id }, writer, reader);
  },

  /** Its copies are from before another server took writes. */
  'a server that is named again': async () => {
    const { database, outcome, world, old, young, id, ...scene } = await twoMasters(2);
    const [reader, writer] = scene.nodes;
    await leadTo({ ...scene, outcome, world }, writer);
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(4_000));
    await outcome(add(writer.client, id, 'A1'));
    await database.nameMasters(nameFor(old));
    await outcome(world.pause(4_000));
    const session = await outcome(reader.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 4 s later';
  },

  /** A mark is on its way when the server counts again, whose copy is from before. */
  'a server that is named again, and a mark on its way': async () => {
    const { database, outcome, world, old, young, id, ...scene } = await twoMasters(2);
    const [writer] = scene.nodes;
    const update = gate();
    const marking = gate();
    writer.durable.override('sessions.update', async (own, ...args) => {
      const updated = await own(...args);
      await update.wait();
      return updated;
    });
    writer.durable.override('feed.markDirty', async (own, ...args) => {
      await marking.wait();
      return own(...args);
    });
    const writing = add(writer.client, id, 'A1');
    await outcome(update.reached);
    await database.nameMasters(nameFor(young));
    await outcome(polled(writer));
    update.pass();
    await outcome(marking.reached);
    await database.nameMasters(nameFor(old));
    await outcome(world.pause(1_300));
    marking.pass();
    await outcome(writing);
    const session = await outcome(writer.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a node did not see its own write';
  },

  /** All others have reported the server of the reader, and so, as far as the database knows, has the writer. */
  'a report that does not arrive': async () => {
    const scene = await twoMasters(2);
    const { outcome, world, redis, old } = scene;
    const [writer, reader] = scene.nodes;
    await leadTo(scene, writer);
    await leadTo(scene, reader);
    await outcome(world.pause(1_000));
    writer.durable.hook.before = without('fleet.heartbeat');
    redis.main.lead(writer.process, old);
    await outcome(world.pause(4_000));
    return writeAfterNaming(scene, writer, reader, nameFor(scene.young));
  },

  /** The writer goes to the other server, reports that, and comes back before it polls again. */
  'a connection that comes back before the next poll': async () => {
    const scene = await twoMasters(2);
    const [writer, reader] = scene.nodes;
    await leadTo(scene, reader);
    await scene.outcome(polled(writer));
    writer.durable.hook.before = withoutPolls;
    await goAndComeBack(scene, writer);
    return writesUnseen(scene, writer, reader);
  },

  /** As above, while a poll from before is under way. */
  'a connection that comes back before the answer to a poll': async () => {
    const scene = await twoMasters(2);
    const { outcome } = scene;
    const [writer, reader] = scene.nodes;
    await leadTo(scene, reader);
    const answer = gate();
    let isFirst = true;
    writer.durable.override('feed.read', async (own, ...args) => {
      const page = await own(...args);
      if (!isFirst) return new Promise(() => undefined);
      isFirst = false;
      await answer.wait();
      return page;
    });
    await outcome(answer.reached);
    await goAndComeBack(scene, writer);
    answer.pass();
    await outcome(scene.world.pause(1));
    return writesUnseen(scene, writer, reader);
  },

  /** Nodes that have been silent for ten minutes are not waited for, so a server must not count at a node that has been silent for long. */
  'a node that the others take for dead': async () => {
    const scene = await twoMasters(2);
    const { outcome, world } = scene;
    const [writer, reader] = scene.nodes;
    await leadTo(scene, reader);
    writer.durable.hook.before = without('fleet.heartbeat');
    for (let minute = 0; minute < 11; minute += 1) await outcome(world.pause(60_000));
    // It seals nothing without heartbeats, and ends sessions all the same.
    return writeAfterNaming(scene, writer, reader, nameFor(scene.young), 'destroy');
  },

  /** What was named before is named again by a database that lost the change between, unseen by a node whose polls are late. */
  'a name that is taken back': async () => {
    const scene = await twoMasters(3);
    const { outcome, world, database, old, young, id } = scene;
    const [reader, writer, third] = scene.nodes;
    const first = nameFor(old);
    await database.nameMasters(first);
    await outcome(world.pause(4_000));
    await leadTo(scene, writer);
    await leadTo(scene, third);
    await outcome(reader.client.get(id, { touch: false }));
    await outcome(polled(reader));
    const poll = gate();
    reader.durable.hook.before = (method) => (method === 'feed.read' ? poll.wait() : undefined);
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(4_000));
    await outcome(add(writer.client, id, 'A1'));
    await database.nameMasters(first);
    reader.durable.hook.before = () => undefined;
    poll.pass();
    await outcome(world.pause(BEHIND_MS_MAX));
    const session = await outcome(reader.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 1.6 s later';
  },

  /** The database is away, and the node is led to a server that was named once, whose copies are from then. */
  'a server that is met while the database is away': async () => {
    const scene = await twoMasters(2);
    const { outcome, world, redis, database, old, young, id } = scene;
    const [first, second] = scene.nodes;
    for (const node of scene.nodes) await leadTo(scene, node);
    await database.nameMasters(nameFor(young));
    await outcome(world.pause(3_000));
    for (const { client } of scene.nodes) await outcome(client.get(id, { touch: false }));
    await outcome(world.pause(100));
    for (const { process } of scene.nodes) redis.main.lead(process, old);
    await database.nameMasters(nameFor(old));
    await outcome(world.pause(4_000));
    await outcome(add(second.client, id, 'A1'));
    await outcome(world.pause(100));
    database.fail('refuses');
    redis.main.lead(first.process);
    await outcome(world.pause(4_000));
    const session = await outcome(first.client.get(id, { touch: false }).catch(() => null));
    return session === null || session.data.cart.includes('A1') ? null : 'a write was not seen 4 s later';
  },
} satisfies Record<string, Scenario>;

/** Leads the node to the replica that took over, and waits until it has reported so. */
async function leadTo(
  { redis, outcome, world }: Pick<TwoMasters, 'outcome' | 'redis' | 'world'>,
  { process }: StageNode,
): Promise<void> {
  redis.main.lead(process);
  await outcome(world.pause(800));
}

/** To the other server, which the database names once this is reported, and back to the old one. */
async function goAndComeBack(
  { redis, database, outcome, world, old, young }: TwoMasters,
  node: StageNode,
): Promise<void> {
  let isReported = false;
  node.durable.override('fleet.heartbeat', async (own, ...args) => {
    if (isReported) return new Promise(() => undefined);
    await own(...args);
    isReported = (args[0] as NodeMark).masters.includes(young.incarnation);
    return undefined;
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await outcome(world.pause(5));
  };
  redis.main.lead(node.process);
  await until(() => isReported);
  await database.nameMasters(nameFor(young));
  redis.main.lead(node.process, old);
  await until(() => node.primary.tier.shards[0]?.vantage()?.incarnation === old.incarnation);
  await outcome(world.pause(230));
}

/** The polls that are sent from now on are answered with the first write to Redis. */
function withoutPollsUntilWrite(writer: StageNode): StageNode['durable']['hook']['before'] {
  const poll = gate();
  writer.primary.hook.before = (method) => {
    if (method === 'publish') poll.pass();
  };
  return (method) => (method === 'feed.read' ? poll.wait() : undefined);
}

async function writesUnseen(
  { outcome, world, id }: Pick<TwoMasters, 'id' | 'outcome' | 'world'>,
  writer: StageNode,
  reader: StageNode,
): Promise<string | null> {
  for (let read = 0; read < 2; read += 1) {
    await outcome(reader.client.get(id, { touch: false }));
    await outcome(world.pause(20));
  }
  await outcome(add(writer.client, id, 'A1'));
  await outcome(world.pause(BEHIND_MS_MAX));
  const session = await outcome(reader.client.get(id, { touch: false }));
  return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 1.6 s later';
}
