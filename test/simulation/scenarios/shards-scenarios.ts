import { storageKeyOf } from '../../../src/session/session-id.ts';
import { add } from '../../support/memory-fleet.ts';
import { slotOf } from '../servers/slots.ts';
import { BEHIND_MS_MAX, polled, twoMasters, withoutPolls, type TwoMasters } from './masters-stage.ts';
import { Stage, withoutMarks, type Scenario, type StageNode } from './scene.ts';

/** Fleets that agree on the servers that count, and clusters: which reads Redis serves, and for how long it serves none. */
export const shardsScenarios = {
  'a stray': async () => {
    const scene = await twoMasters(4, true);
    const [, ...others] = scene.nodes;
    await leadAll(scene, others);
    await scene.outcome(scene.world.pause(6_000));
    return fromDurable(scene, others, 60);
  },

  /** The reports of nodes that died say for a minute what they said last, and with them the stray is more than half. */
  'a stray, and nodes that died': async () => {
    const scene = await twoMasters(5, true);
    const [, first, second, ...dead] = scene.nodes as StageNode[];
    for (const { process } of dead) process.crash();
    await leadAll(scene, [first!, second!]);
    await scene.outcome(scene.world.pause(10_000));
    return fromDurable(scene, [first!, second!], 60);
  },

  'two nodes at two servers': async () => {
    const scene = await twoMasters(2, true);
    const [first, second] = scene.nodes;
    await leadAll(scene, [second]);
    const { changes } = scene.database;
    await scene.outcome(scene.world.pause(15_000));
    if (scene.database.changes > changes) return 'what is named changed although neither side had more nodes';
    return fromDurable(scene, [first], 60);
  },

  /** A host is started again, with Redis and every other node of the fleet. */
  'half of a fleet that dies with its server': async () => {
    const scene = await twoMasters(2, true);
    const [alive, dead] = scene.nodes;
    dead.process.crash();
    scene.redis.main.kill();
    await leadAll(scene, [alive]);
    scene.redis.main.start('empty', 0);
    await scene.outcome(scene.world.pause(8_000));
    return fromDurable(scene, [alive], 20);
  },

  /** All nodes report the new process of the server, so none has to be waited for. */
  'a server that is started again': async () => {
    const scene = await twoMasters(3, true);
    const { redis, world, outcome, id } = scene;
    await leadAll(scene, scene.nodes);
    await outcome(world.pause(5_000));
    redis.main.kill();
    redis.main.start('empty', 0);
    const startedAt = world.now;
    const [node] = scene.nodes;
    while (world.now < startedAt + 10_000) {
      const session = await outcome(node.client.get(id, { touch: false }));
      if (session?.servedBy === 'primary') return world.now - startedAt < 1_500 ? null : 'Redis was not used for 1.5 s';
      await outcome(world.pause(50));
    }
    return 'Redis was not used for 10 s';
  },

  'one shard of three that is down': async () => {
    const { redis, world, outcome, node } = new Stage(3);
    const client = node();
    await outcome(client.client.ready());
    const created = [];
    for (let at = 0; at < 30; at += 1) created.push((await outcome(client.client.create({ cart: [] }))).id);
    await outcome(world.pause(2_500));
    for (let round = 0; round < 2; round += 1) {
      for (const id of created) await outcome(client.client.get(id, { touch: false }));
      await outcome(world.pause(100));
    }
    redis.shards[0]?.kill();
    await outcome(world.pause(200));
    let [wrong, failed] = [0, 0];
    for (let round = 0; round < 40; round += 1) {
      for (const id of created) {
        const session = await outcome(client.client.get(id, { touch: false }).catch(() => null));
        const expected = redis.isDown(storageKeyOf(id)) ? 'durable' : 'primary';
        if (session === null) failed += 1;
        else if (session.servedBy !== expected) wrong += 1;
      }
      await outcome(world.pause(100));
    }
    return wrong + failed === 0 ? null : `${wrong} reads were served by the other tier, and ${failed} failed`;
  },

  /** Two masters of one shard are never named together, although both are shards of their own to a cluster. */
  'a replica that took over, and a node that sees its master': async () => {
    const { redis, world, outcome, node } = new Stage(3);
    const nodes = [node(), node(), node()] as const;
    const [reader, other, writer] = nodes;
    await outcome(Promise.all(nodes.map(({ client }) => client.ready())));
    const id = await sessionOf(redis.shards[0]!, { outcome }, writer);
    await outcome(world.pause(2_500));
    for (const { client } of nodes) await outcome(client.get(id, { touch: false }));
    redis.shards[0]?.failOver();
    for (const { process } of [reader, other]) redis.shards[0]?.lead(process);
    await outcome(world.pause(8_000));
    for (let read = 0; read < 2; read += 1) {
      await outcome(reader.client.get(id, { touch: false }));
      await outcome(world.pause(20));
    }
    await outcome(add(writer.client, id, 'A1'));
    await outcome(world.pause(BEHIND_MS_MAX));
    const session = await outcome(reader.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 1.6 s later';
  },

  /** What its node could not write to the other shard is not read from the copy that comes back with the slot. */
  'a slot that goes and comes back': async () => {
    const { redis, world, outcome, node } = new Stage(2);
    const writer = node();
    const [home, away] = [redis.shards[0]!, redis.shards[1]!];
    await outcome(writer.client.ready());
    const id = await sessionOf(home, { outcome }, writer);
    await outcome(world.pause(2_500));
    for (let read = 0; read < 2; read += 1) {
      await outcome(writer.client.get(id, { touch: false }));
      await outcome(world.pause(50));
    }
    const slot = slotOf(storageKeyOf(id));
    redis.move(slot, away, 5);
    await outcome(world.pause(1_500));
    await outcome(polled(writer));
    writer.durable.hook.before = withoutPolls;
    redis.cut(writer.process, away);
    await outcome(add(writer.client, id, 'A1'));
    redis.move(slot, home, 5);
    await outcome(world.pause(500));
    const session = await outcome(writer.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a node did not see its own write';
  },

  /** The server that was asked names another one, which has a copy of its own and does not answer. Only the guard of the first learns it. */
  'a write that is sent on and lost': async () => {
    const { redis, world, outcome, node } = new Stage(2);
    const nodes = [node(), node()] as const;
    const [reader, writer] = nodes;
    const [home, away] = [redis.shards[0]!, redis.shards[1]!];
    await outcome(Promise.all(nodes.map(({ client }) => client.ready())));
    const id = await sessionOf(home, { outcome }, writer);
    await outcome(world.pause(2_500));
    // With the session in hand, the first command that the writer has for its key is the write.
    const inHand = await outcome(writer.client.get(id, { touch: false }));
    for (const each of nodes) withoutMarks(each);
    redis.move(slotOf(storageKeyOf(id)), away, 5);
    await outcome(world.pause(250));
    for (let read = 0; read < 3; read += 1) {
      await outcome(reader.client.get(id, { touch: false }));
      await outcome(world.pause(20));
    }
    redis.cut(writer.process, away);
    await outcome(writer.client.update(inHand!, (data) => void data.cart.push('A1')));
    redis.mend();
    const session = await outcome(writer.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a node did not see its own write';
  },

  /** The copy from before the slot left is older than what the other shard has lost, and bears the stamp of the one that it comes back to. */
  'a slot that comes back from a shard that lost a write': async () => {
    const { redis, world, outcome, node } = new Stage(2);
    const nodes = [node(), node()] as const;
    const [reader, writer] = nodes;
    const [home, away] = [redis.shards[0]!, redis.shards[1]!];
    await outcome(Promise.all(nodes.map(({ client }) => client.ready())));
    const id = await sessionOf(home, { outcome }, writer);
    await outcome(world.pause(2_500));
    for (const { client } of nodes) await outcome(client.get(id, { touch: false }));
    await outcome(world.pause(100));
    const slot = slotOf(storageKeyOf(id));
    redis.move(slot, away, 5);
    await outcome(world.pause(1_500));
    const before = [...away.master.keyspace];
    await outcome(add(writer.client, id, 'A1'));
    const old = away.master;
    away.failOver(before);
    old.kill();
    for (const { process } of nodes) away.lead(process);
    await outcome(world.pause(3_000));
    redis.move(slot, home, 5);
    await outcome(world.pause(1_500));
    const session = await outcome(reader.client.get(id, { touch: false }));
    return session?.data.cart.includes('A1') === true ? null : 'a write was not seen 6 s later';
  },
} satisfies Record<string, Scenario>;

/** A session whose key belongs to this shard. */
async function sessionOf(
  shard: Stage['redis']['shards'][number],
  { outcome }: Pick<Stage, 'outcome'>,
  { client }: StageNode,
): Promise<string> {
  for (;;) {
    const { id } = await outcome(client.create({ cart: [] }));
    if (shard.master.slots?.has(slotOf(storageKeyOf(id))) === true) return id;
  }
}

async function leadAll({ redis, outcome, world }: TwoMasters, nodes: readonly StageNode[]): Promise<void> {
  for (const { process } of nodes) redis.main.lead(process);
  await outcome(world.pause(100));
}

/** Reads for some seconds, and says how many reads were not served by Redis, beside the first one of each node. */
async function fromDurable(
  { outcome, world, id }: TwoMasters,
  nodes: readonly StageNode[],
  rounds: number,
): Promise<string | null> {
  let missed = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const { client } of nodes) {
      const session = await outcome(client.get(id, { touch: false }));
      if (session?.servedBy !== 'primary' && round > 0) missed += 1;
    }
    await outcome(world.pause(200));
  }
  return missed === 0 ? null : `${missed} of ${rounds * nodes.length} reads were not served by Redis`;
}
