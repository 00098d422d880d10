import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add, MemoryFleet, refuse } from '../../support/memory-fleet.ts';
import { clockScenarios } from './clock-scenarios.ts';
import { copyScenarios } from './copy-scenarios.ts';
import { feedScenarios } from './feed-scenarios.ts';
import { mastersScenarios } from './masters-scenarios.ts';
import { shardsScenarios } from './shards-scenarios.ts';
import { serversScenarios } from './servers-scenarios.ts';
import { rowScenarios } from './row-scenarios.ts';
import { troubleScenarios } from './trouble-scenarios.ts';
import {
  aliveAfterEnd,
  datedLate,
  dieBeforeTombstone,
  newScene,
  pauseAt,
  Stage,
  withoutMarks,
  type Scenario,
} from './scene.ts';

/** Interleavings that chance meets too seldom, each for one rule that nothing else stands in for. */
export const scenarios = {
  ...clockScenarios,
  ...copyScenarios,
  ...feedScenarios,
  ...mastersScenarios,
  ...rowScenarios,
  ...serversScenarios,
  ...shardsScenarios,
  ...troubleScenarios,

  /** A hold that was given up must not take a copy out of use when a frozen server thaws, while the database is away. */
  'a hold that comes late': async () => {
    const { world, redis, database, node, outcome } = new Stage();
    const [{ client: writer, durable }, { client: reader }] = [node(), node()];
    const { id } = await outcome(writer.create({ cart: [] }));
    await outcome(reader.get(id));
    await outcome(world.pause(100));
    // The first copy was from before the reader believed anything.
    await outcome(reader.get(id));
    await outcome(world.pause(100));
    redis.main.freeze();
    durable.hook.before = (method) => (method === 'sessions.revoke' ? database.fail('refuses') : undefined);
    const destroying = writer.destroy(id).catch(() => undefined);
    await outcome(destroying);
    redis.main.thaw();
    await outcome(world.pause(100));
    const session = await outcome(reader.get(id).catch(() => null));
    return session === null ? 'Redis alone did not serve what it had' : null;
  },

  /** A reader that is late must not take away what another has just stored, or nothing is there when the database goes. */
  'a lease that comes late': async () => {
    const fleet = new MemoryFleet();
    const [slow, other] = [await fleet.node(), await fleet.node()];
    const { id } = await slow.sessions.create({ cart: [] });
    await slow.sessions.get(id);
    await settled();
    const { entry, replace } = fleet.valueOf(id);
    await add(other.sessions, id, 'A1');
    replace({ ...entry, stamp: { ...entry.stamp, at: 0 } });
    const beforeLease = gate();
    slow.primary.hook.before = (method) => (method === 'lease' ? beforeLease.wait() : undefined);
    const reading = slow.sessions.get(id).catch(() => undefined);
    await beforeLease.reached;
    await other.sessions.get(id);
    await settled();
    slow.durable.hook.before = refuse;
    other.durable.hook.before = refuse;
    beforeLease.pass();
    await reading;
    const session = await other.sessions.get(id).catch(() => null);
    return session === null ? 'Redis alone did not serve what it had' : null;
  },

  /** Whom the database has called ended is not revived by a copy that claims a later deadline. */
  'a touch of what has ended': async () => {
    const fleet = new MemoryFleet();
    const options = { lifetime: { idle: 20_000, absolute: 600_000 }, revalidateAfter: 5_000 };
    const [active, other, apart] = [await fleet.node(options), await fleet.node(options), await fleet.node(options)];
    const { id } = await active.sessions.create({ cart: [] });
    await active.sessions.get(id);
    await settled();
    active.durable.hook.before = refuse;
    other.durable.hook.before = refuse;
    for (let at = 0; at < 32_000; at += 4_000) {
      await fleet.platform.advance(4_000);
      await active.sessions.get(id);
    }
    // It does not reach Redis, and so knows the row alone.
    apart.cutFromPrimary();
    // The process that could have written to the database dies before it is back.
    other.heal();
    await fleet.platform.advance(4_000);
    const isEnded = (await apart.sessions.get(id)) === null;
    await other.sessions.get(id);
    await settled();
    const isAlive = (await apart.sessions.get(id)) !== null;
    return isEnded && isAlive ? 'a session was alive again after the database had called it ended' : null;
  },
  'a fill that comes late, and its date': () => datedLate('sessions.read', (sessions, id) => sessions.get(id)),

  'a restamp that comes late, and its date': () =>
    datedLate('sessions.readState', (sessions, id) => sessions.get(id, { consistency: 'strong' })),

  'a publish that comes late, and its date': () =>
    datedLate('sessions.update', (sessions, id) => add(sessions, id, 'B1')),

  /** A deadline that another node has moved without reaching Redis is not over. */
  'a deadline that has moved': async () => {
    const fleet = new MemoryFleet();
    const options = { lifetime: { idle: 20_000, absolute: 600_000 } };
    const [active, other] = [await fleet.node(options), await fleet.node(options)];
    const { id } = await active.sessions.create({ cart: [] });
    await active.sessions.get(id);
    await settled();
    await fleet.platform.advance(15_000);
    active.primary.hook.before = (method) => (method === 'restamp' ? refuse(method) : undefined);
    await active.sessions.get(id);
    await fleet.platform.advance(7_000);
    return (await other.sessions.get(id)) === null ? 'a session in use was not found' : null;
  },

  /** A fill under way must not outlast the mark of a write that came after its read. */
  'a fill that comes late, and the feed': async () => {
    const fleet = new MemoryFleet();
    const [reader, writer] = [await fleet.node(), await fleet.node()];
    const { id } = await writer.sessions.create({ cart: [] });
    const fill = pauseAt(reader, 'fill');
    await reader.sessions.get(id);
    await fill.reached;
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(1_600);
    fill.pass();
    await settled();
    const session = await reader.sessions.get(id);
    return session?.data.cart.length === 1 ? null : 'a write was not seen 1.6 s later';
  },

  /** A destroyer dies between its statement and its tombstone, while a reader who was there before it wants to fill. */
  'a fill that comes late, and a hold': async () => {
    const { fleet, reader, destroyer, other, id } = await newScene();
    const fill = pauseAt(reader, 'fill');
    await reader.sessions.get(id);
    await fill.reached;
    await dieBeforeTombstone(destroyer, () => destroyer.sessions.destroy(id));
    fill.pass();
    await settled();
    return aliveAfterEnd(fleet, other, id);
  },

  /** As above, but the reader has only found that nothing is there. */
  'a lease that comes late, and a hold': async () => {
    const { fleet, reader, destroyer, other, id } = await newScene();
    const lease = pauseAt(reader, 'lease');
    const reading = reader.sessions.get(id);
    await lease.reached;
    const revoke = pauseAt(destroyer, 'sessions.revoke');
    const dying = dieBeforeTombstone(destroyer, () => destroyer.sessions.destroy(id));
    await revoke.reached;
    const fill = pauseAt(reader, 'fill');
    lease.pass();
    await reading;
    await settled();
    revoke.pass();
    await dying;
    fill.pass();
    await settled();
    return aliveAfterEnd(fleet, other, id);
  },

  /** A destroyer dies between its statement and its tombstone, while the copy of an earlier write is on its way. */
  'a publish that comes late, and a hold': async () => {
    const { fleet, reader: writer, destroyer, other, id } = await newScene();
    await other.sessions.get(id);
    await settled();
    const publish = pauseAt(writer, 'publish');
    const writing = add(writer.sessions, id, 'A1');
    await publish.reached;
    await dieBeforeTombstone(destroyer, () => destroyer.sessions.destroy(id));
    publish.pass();
    await writing;
    return aliveAfterEnd(fleet, other, id);
  },
  /** What was read in one incarnation of a server is not dated in the next, whose clock may be behind: a new process would believe it. */
  'a fill that comes in the next incarnation': async () => {
    const { world, redis, node, outcome } = new Stage();
    const [reader, writer] = [node(), node()];
    const { id } = await outcome(writer.client.create({ cart: [] }));
    const answer = gate();
    reader.durable.override('sessions.read', async (own, ...args) => {
      const row = await own(...args);
      await answer.wait();
      return row;
    });
    const reading = reader.client.get(id);
    await outcome(answer.reached);
    const saved = [...redis.master.keyspace];
    await outcome(add(writer.client, id, 'A1'));
    redis.main.kill();
    redis.main.start('empty', 0);
    redis.master.rollBack(saved);
    redis.master.clock.jump(-3_000);
    await outcome(world.pause(1_500));
    const { client: young } = node();
    await outcome(young.ready());
    answer.pass();
    await outcome(reading);
    await outcome(world.pause(3_000));
    const session = await outcome(young.get(id));
    return session?.data.cart.length === 1 ? null : 'a new process did not see an acknowledged write';
  },

  /** A server's clock that is set back must not make a copy from before an outage look as if it came after. */
  'a clock of Redis that is set back': async () => {
    const { world, redis, node, outcome } = new Stage();
    const [reader, writer] = [node(), node()];
    await outcome(Promise.all([reader.client.ready(), writer.client.ready()]));
    const { id } = await outcome(writer.client.create({ cart: [] }));
    await outcome(reader.client.get(id));
    await outcome(world.pause(20));
    await outcome(writer.client.get(id));
    redis.master.clock.jump(-1_000);
    for (const each of [reader, writer]) withoutMarks(each);
    redis.cut(writer.process);
    await outcome(add(writer.client, id, 'A1'));
    redis.mend();
    await outcome(world.pause(850));
    const session = await outcome(writer.client.get(id));
    return session?.data.cart.length === 1 ? null : 'a node did not see its own write';
  },

  /** As above; and the other node has dated a copy by the clock as it stood before. */
  'a date that lies in the future': async () => {
    const { world, redis, node, outcome } = new Stage();
    const [reader, writer] = [node(), node()];
    await outcome(Promise.all([reader.client.ready(), writer.client.ready()]));
    const { id } = await outcome(writer.client.create({ cart: [] }));
    await outcome(reader.client.get(id));
    await outcome(world.pause(20));
    redis.master.clock.jump(-4_000);
    const update = gate();
    writer.durable.hook.before = (method) => (method === 'sessions.update' ? update.wait() : undefined);
    for (const each of [reader, writer]) withoutMarks(each);
    const writing = add(writer.client, id, 'A1');
    await outcome(update.reached);
    await outcome(world.pause(10));
    await outcome(reader.client.get(id, { consistency: 'strong' }));
    await outcome(world.pause(20));
    redis.cut(writer.process);
    update.pass();
    await outcome(writing);
    redis.mend();
    await outcome(world.pause(200));
    const session = await outcome(writer.client.get(id));
    return session?.data.cart.length === 1 ? null : 'a node did not see its own write';
  },
  /** A node that regenerates dies between its statement and its tombstone: the old id has ended already. */
  'a regenerate that dies': async () => {
    const { fleet, destroyer, other, id } = await newScene();
    const apart = await fleet.node();
    await other.sessions.get(id);
    await settled();
    apart.cutFromPrimary();
    await dieBeforeTombstone(destroyer, () => destroyer.sessions.regenerate(id));
    const isDead = (await apart.sessions.get(id)) === null;
    const isServed = (await other.sessions.get(id)) !== null;
    return isDead && isServed ? 'an id was served after the database had called it dead' : null;
  },
  /** A server that is short of memory may drop a hold, and then only the tombstone stops a reader. */
  'a hold that is evicted': async () => {
    const { fleet, reader, destroyer, id } = await newScene();
    const statement = pauseAt(destroyer, 'sessions.regenerate');
    const regenerating = destroyer.sessions.regenerate(id);
    await statement.reached;
    fleet.keyspace.delete(fleet.keyOf(id));
    const fill = pauseAt(reader, 'fill');
    await reader.sessions.get(id);
    await fill.reached;
    statement.pass();
    await regenerating;
    fill.pass();
    await settled();
    return (await reader.sessions.get(id)) === null ? null : 'an id was served after its regenerate was acknowledged';
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

export const SCENARIO_NAMES = Object.keys(scenarios) as ScenarioName[];
