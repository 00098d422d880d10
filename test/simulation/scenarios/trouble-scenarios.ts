import { SessionClient } from '../../../src/index.ts';
import { TierFailure } from '../../../src/errors.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { fixtureRing } from '../../support/ring-fixtures.ts';
import { settled } from '../../support/fake-platform.ts';
import { interceptDurable, interceptPrimary } from '../../support/intercepted-tiers.ts';
import { add, MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';
import { pauseAt, Stage, twoNodes, twoOnStage, USER, type Scenario } from './scene.ts';

/** Outages, processes that end, commits that are lost: what must be true, and said, during and after them. */
export const troubleScenarios = {
  'a database that was never reached': async () => {
    const fleet = new MemoryFleet();
    const durable = interceptDurable(memoryDurableTier(fleet.database));
    const primary = interceptPrimary(memoryPrimaryTier(fleet.keyspace));
    durable.hook.before = refuse;
    primary.hook.before = refuse;
    const { platform } = fleet;
    const options = { keys: await fixtureRing(), primary: primary.tier, durable: durable.tier, platform };
    const sessions = new SessionClient<Shop>(options);
    await sessions.get('A'.repeat(43)).catch(() => undefined);
    const { durable: said } = await sessions.health();
    const state = typeof said === 'string' ? said : said.state;
    return state === 'up' ? 'a database that nobody has reached was said to be up' : null;
  },

  /** The connection to Redis is from before the demotion, and nothing was asked over it since. */
  'a first answer after a demotion': async () => {
    const { world, redis, node, outcome } = new Stage();
    const [writer, late] = [node(), node()];
    await outcome(writer.client.ready());
    late.durable.hook.before = refuse;
    await outcome(late.client.ready({ timeout: 0 }).catch(() => undefined));
    late.durable.hook.before = () => undefined;
    const { id } = await outcome(writer.client.create({ cart: [] }));
    await outcome(writer.client.get(id));
    await outcome(world.pause(100));
    const earlier = [...redis.master.keyspace];
    await outcome(add(writer.client, id, 'A1'));
    redis.master.demote(earlier);
    redis.master.promote();
    await outcome(world.pause(30_000));
    const session = await outcome(late.client.get(id));
    return session?.data.cart.length === 1 ? null : 'a node believed a copy of the server that it had connected to';
  },

  /** Nobody asks the database for the same thing twice at once because somebody locks a row. */
  'revocations that hang': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    const created = await Promise.all([1, 2, 3, 4, 5, 6].map(() => sessions.create({ cart: [] })));
    const first = storageKeyOf(created[0]?.id ?? '');
    let [running, most] = [0, 0];
    durable.override('sessions.revoke', async (_own, command) => {
      const isFirst = (command as { storageKey: Buffer }).storageKey.equals(first);
      if (isFirst) most = Math.max(most, (running += 1));
      await new Promise<void>((resolve) => void fleet.platform.after(1_900, resolve));
      if (isFirst) running -= 1;
      throw new TierFailure('ambiguous', 'deadline');
    });
    // Somebody reads meanwhile, so that the database is not taken for one that is away.
    const pass = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) {
        await fleet.platform.advance(50);
        void sessions.get(created[5]?.id ?? '', { consistency: 'strong' }).catch(() => undefined);
      }
    };
    for (const { id } of created) {
      void sessions.destroy(id).catch(() => undefined);
      await pass(6);
    }
    await pass(200);
    return most > 1 ? `${most} statements at once were to end one session` : null;
  },

  /** The row of an INSERT whose answer was lost belongs to no client; the process that knows of it is closed. */
  'a deploy after a lost INSERT': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    let isLost = false;
    durable.override('sessions.insert', async (own, ...args) => {
      const answer = await own(...args);
      if (isLost) return answer;
      isLost = true;
      throw new TierFailure('ambiguous', 'ECONNRESET');
    });
    await sessions.create({ cart: [] });
    const closing = sessions.close();
    await fleet.platform.advance(10_000);
    await closing;
    const living = [...fleet.database.values()].filter(({ revokedAt }) => revokedAt === null);
    return living.length === 1 ? null : 'a row lives under an id that no client got';
  },

  /** The INSERT commits after the process that ended everything of the user has begun to close. */
  'a deploy while a login is in flight that should end': async () => {
    const fleet = new MemoryFleet();
    const [destroyer, other] = [await fleet.node(), await fleet.node()];
    const insert = pauseAt(other, 'sessions.insert');
    const login = other.sessions.create({ cart: [] }, { userId: USER });
    await insert.reached;
    await destroyer.sessions.destroyByUser(USER);
    const closing = destroyer.sessions.close();
    await fleet.platform.advance(1_000);
    insert.pass();
    const { id } = await login;
    await fleet.platform.advance(10_000);
    await closing;
    return (await other.sessions.get(id)) === null ? null : 'a login in flight outlived the end of all of its user';
  },

  /**
   * The database answers reads again, and has not received the logout yet: the node that knows of it refuses the
   * session itself.
   */
  'a destroy that is not durable, and a Redis that lost it': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    await sessions.destroy(id).catch(() => undefined);
    fleet.keyspace.clear();
    durable.hook.before = (method) => (method === 'sessions.revoke' ? refuse(method) : undefined);
    await fleet.platform.advance(1_200);
    const session = await sessions.get(id).catch(() => null);
    return session === null ? null : 'a node served what it had ended';
  },

  /**
   * The tombstone was dropped, another node has filled its copy, and the node that destroyed it has lost Redis since.
   */
  'a destroy that becomes durable without Redis': async () => {
    const fleet = new MemoryFleet();
    const [destroyer, other] = [await fleet.node(), await fleet.node()];
    const { id } = await destroyer.sessions.create({ cart: [] });
    await other.sessions.get(id);
    await settled();
    destroyer.durable.hook.before = refuse;
    await destroyer.sessions.destroy(id).catch(() => undefined);
    fleet.keyspace.clear();
    await other.sessions.get(id);
    await settled();
    destroyer.cutFromPrimary();
    destroyer.durable.hook.before = () => undefined;
    await fleet.platform.advance(5_000);
    return (await other.sessions.get(id)) === null ? null : 'a session was served after the database had ended it';
  },

  /**
   * The node that moved the session wrote to another master, and the node that ends it has a copy under the earlier id.
   */
  'a destroy with an earlier id, and two masters': async () => {
    const fleet = new MemoryFleet();
    const [destroyer, other] = [await fleet.node(), await fleet.node()];
    const { id } = await destroyer.sessions.create({ cart: [] });
    await destroyer.sessions.get(id);
    await settled();
    for (const command of ['hold', 'tombstone'] as const) other.primary.override(command, async () => undefined);
    await other.sessions.regenerate(id);
    await destroyer.sessions.destroy(id);
    return (await destroyer.sessions.get(id)) === null ? null : 'a node served what it had ended';
  },

  /** The row is revoked, and its tombstone has not reached Redis yet. */
  'a destroy with an earlier id, of a session that has just been revoked': async () => {
    const fleet = new MemoryFleet();
    const [destroyer, other] = [await fleet.node(), await fleet.node()];
    const { id } = await destroyer.sessions.create({ cart: [] }, { userId: 'ada' });
    const { id: present } = await destroyer.sessions.regenerate(id);
    await destroyer.sessions.get(present);
    await settled();
    other.primary.override('tombstone', () => new Promise(() => undefined));
    void other.sessions.destroyByUser('ada');
    await settled();
    await destroyer.sessions.destroy(id);
    return (await destroyer.sessions.get(present)) === null ? null : 'a node served what it had found ended';
  },

  /** Another branch of the same revision is not the truth, whatever Redis holds. */
  'a commit that is lost': () => forked((node) => node.heal()),

  'a commit that is lost, and a successor that does not reach Redis': () => forked((node) => node.cutFromPrimary()),

  /** The copy is several revisions ahead, so no publish of what the row gets next replaces it. */
  'commits that are lost, and an update': () =>
    behindItsCopy(async (writer, id) => void (await add(writer.sessions, id, 'kept'))),

  'commits that are lost, and a caller who replaces what it has read': () =>
    behindItsCopy(async ({ sessions }, id) => {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const seen = await sessions.get(id);
        const replacing = seen && sessions.replace(id, { cart: ['kept'] }, { revision: seen.revision });
        await replacing?.catch(() => undefined);
        await settled();
      }
    }),

  /** One key that Redis cannot change says nothing about the others. */
  'a mark that cannot be applied': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    const sick = storageKeyOf(id);
    for (const command of ['evict', 'tombstone', 'restamp', 'lease', 'fill', 'publish', 'hold'] as const) {
      reader.primary.override(command, async (own, ...args) => {
        if ((args[0] as Buffer).equals(sick)) throw new TierFailure('misconfigured', 'WRONGTYPE');
        return own(...args);
      });
    }
    const { id: well } = await reader.sessions.create({ cart: [] });
    await writer.sessions.destroy(id).catch(() => undefined);
    await fleet.platform.advance(5_000);
    let fromPrimary = 0;
    for (let read = 0; read < 20; read += 1) {
      await fleet.platform.advance(250);
      const reading = reader.sessions.get(well, { touch: false });
      await fleet.platform.advance(50);
      if ((await reading)?.servedBy === 'primary') fromPrimary += 1;
    }
    return fromPrimary >= 19 ? null : `only ${fromPrimary} of 20 reads of another session came from Redis`;
  },

  /** The key was of another type, and is deleted by the script that meets it. */
  'a key of another type': async () => {
    const { world, redis, outcome, reader, writer, id } = await twoOnStage();
    redis.master.poisonOne(0);
    await outcome(reader.client.get(id));
    await outcome(world.pause(1_000));
    const session = await outcome(writer.client.get(id));
    return session?.servedBy === 'primary' ? null : 'a session could not be stored in Redis any more';
  },
} satisfies Record<string, Scenario>;

/** The database loses three commits that Redis has. A write that is acknowledged after that is seen at once. */
async function behindItsCopy(write: (writer: FleetNode, id: string) => Promise<void>): Promise<string | null> {
  const fleet = new MemoryFleet();
  const writer = await fleet.node();
  const { id } = await writer.sessions.create({ cart: [] });
  await writer.sessions.get(id);
  await settled();
  const before = fleet.rowOf(id);
  for (const item of ['lost', 'lost too', 'lost as well']) await add(writer.sessions, id, item);
  if (before) fleet.database.set(storageKeyOf(id).toString('hex'), before);
  const writing = write(writer, id);
  await fleet.platform.advance(1_000);
  await writing;
  const session = await writer.sessions.get(id);
  return session?.data.cart.join() === 'kept' ? null : 'a copy of lost commits hid or prevented a write';
}

/** The database loses a commit, and another write takes its revision. */
async function forked(beforeSuccessor: (writer: FleetNode) => void): Promise<string | null> {
  const fleet = new MemoryFleet();
  const [writer, { sessions: other }] = [await fleet.node(), await fleet.node()];
  const { id } = await writer.sessions.create({ cart: [] });
  await writer.sessions.get(id);
  await settled();
  const key = storageKeyOf(id).toString('hex');
  const before = fleet.database.get(key);
  await add(writer.sessions, id, 'lost');
  if (before) fleet.database.set(key, before);
  beforeSuccessor(writer);
  const writing = add(writer.sessions, id, 'kept').catch(() => undefined);
  await fleet.platform.advance(1_000);
  await writing;
  const stored = fleet.rowOf(id)?.revision;
  const session = await other.get(id, { consistency: 'strong', touch: false });
  fleet.keyspace.clear();
  const truth = await other.get(id, { consistency: 'strong', touch: false });
  const isTrue = session?.revision === stored && session?.data.cart.join() === truth?.data.cart.join();
  return isTrue ? null : 'a strong read did not show what the database has';
}
