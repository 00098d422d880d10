import { TierFailure } from '../../../src/errors.ts';
import { MemoryServer } from '../../../src/tiers/memory/memory-primary-tier.ts';
import { oneServerTier, type PrimaryServer } from '../../../src/tiers/one-server.ts';
import type { Vantage } from '../../../src/tiers/primary.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse } from '../../support/memory-fleet.ts';
import { isBehind, pauseAt, twoNodes, type Scenario, withoutMarks } from './scene.ts';

/** A Redis that went back in time unseen, longer ago than a `revalidateAfter` of three seconds. */
async function rolledBack(touchInterval: number) {
  const fleet = new MemoryFleet();
  const options = { revalidateAfter: '3s', touchInterval } as const;
  const [writer, reader] = [await fleet.node(options), await fleet.node(options)];
  const { id } = await writer.sessions.create({ cart: [] });
  await reader.sessions.get(id, { touch: false });
  await settled();
  const { entry: older, replace } = fleet.valueOf(id);
  await add(writer.sessions, id, 'A1');
  replace(older);
  await fleet.platform.advance(3_300);
  return { fleet, writer, reader, id };
}

/** What a copy is dated by, and who may call it current. */
export const copyScenarios = {
  /** A node that serves a copy alone does not know whether it is true, and must not date it anew. */
  'a copy that was served alone': async () => {
    const { fleet, writer, reader, id } = await rolledBack(0);
    writer.durable.hook.before = refuse;
    reader.durable.hook.before = refuse;
    for (let step = 0; step < 20; step += 1) {
      await reader.sessions.get(id).catch(() => undefined);
      await fleet.platform.advance(100);
    }
    // The reader, which has touches for the database, never reaches it again.
    writer.durable.hook.before = () => undefined;
    await fleet.platform.advance(1_500);
    const session = await writer.sessions.get(id, { touch: false });
    return session?.data.cart.length === 0 ? 'a write was not seen 7 s later, with a revalidateAfter of 3 s' : null;
  },

  /** The database is there: it must have the last word on a copy that is due to be confirmed, and one lost answer changes nothing. */
  'one statement that is lost': async () => {
    const { fleet, reader, id } = await rolledBack(0);
    await fleet.platform.advance(900);
    reader.durable.hook.before = (method) => {
      if (method === 'sessions.readState' || method === 'sessions.touch') throw new TierFailure('ambiguous', 'test');
    };
    const session = await reader.sessions.get(id).catch(() => null);
    return session?.data.cart.length === 0 ? 'an old copy was served that was due to be confirmed' : null;
  },

  /** What the touch's statement said is older than a write that it did not see, and is not dated after it. */
  'a collected touch that comes late, and its date': async () => {
    const fleet = new MemoryFleet();
    const options = { touchInterval: 0 } as const;
    const [slow, writer] = [await fleet.node(options), await fleet.node(options)];
    const { id } = await writer.sessions.create({ cart: [] });
    await writer.sessions.get(id, { touch: false });
    await settled();
    const answer = gate();
    slow.durable.override('sessions.touch', async (own, ...args) => {
      const state = await own(...args);
      await answer.wait();
      return state;
    });
    await fleet.platform.advance(10);
    await slow.sessions.get(id);
    await fleet.platform.advance(1_000);
    await answer.reached;
    writer.cutFromPrimary();
    await add(writer.sessions, id, 'A1');
    writer.heal();
    // They would take away the copy.
    for (const node of [slow, writer]) withoutMarks(node);
    await fleet.platform.advance(100);
    answer.pass();
    await settled();
    const session = await writer.sessions.get(id, { touch: false });
    return session?.data.cart.includes('A1') ? null : 'a node did not see its own write';
  },

  /** What is dated just before a write must be below a floor that is raised just after it, however little is known of the server's time. */
  'a floor, and a time that is not known well': async () => {
    const fleet = new MemoryFleet();
    const primary = oneServerTier('memory', vague(new MemoryServer(fleet.keyspace), 200));
    const [reader, writer, other] = [await fleet.node({ primary }), await fleet.node(), await fleet.node()];
    // More than one poll reads: the last of them are only covered by the floor.
    const created = await Promise.all(Array.from({ length: 20 }, () => writer.sessions.create({ cart: [] })));
    await fleet.platform.advance(1_990);
    await Promise.all(created.map(({ id }) => other.sessions.get(id, { touch: false })));
    await settled();
    writer.cutFromPrimary();
    for (const { id } of created) await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(20);
    const reads = created.map(({ id }) => reader.sessions.get(id, { touch: false }));
    await fleet.platform.advance(100);
    const behind = (await Promise.all(reads)).filter((session) => session?.data.cart.length === 0);
    return behind.length === 0 ? null : `${behind.length} writes were not seen although their marks were polled`;
  },

  /** Two writers publish in another order than they wrote. */
  'a publish that comes late, and a newer copy': async () => {
    const fleet = new MemoryFleet();
    const [slow, writer, other] = [await fleet.node(), await fleet.node(), await fleet.node()];
    const { id } = await writer.sessions.create({ cart: [] });
    await other.sessions.get(id);
    await settled();
    const publish = pauseAt(slow, 'publish');
    const writing = add(slow.sessions, id, 'A1');
    await publish.reached;
    const winning = add(writer.sessions, id, 'B1');
    // It reads the older copy first, and tries again.
    await fleet.platform.advance(200);
    await winning;
    publish.pass();
    await writing;
    const session = await other.sessions.get(id);
    return session?.data.cart.length === 2 ? null : 'a write was not seen after its acknowledgement';
  },

  /**
   * The database accepts a touch for a while after the deadline, since another may be late; but no caller gets it as
   * alive.
   */
  'a read of what has idled away': async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node({ lifetime: { idle: 20_000, absolute: 600_000 } });
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id, { touch: false });
    await settled();
    await fleet.platform.advance(23_000);
    return (await sessions.get(id)) === null ? null : 'a session was revived three seconds after its idle deadline';
  },

  /** What is below the floor is not served alone either: it may be older than what this node has written. */
  'a floor, and a database that is away': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    await add(writer.sessions, id, 'A1');
    for (const node of [reader, writer]) withoutMarks(node);
    writer.primary.hook.before = () => undefined;
    await fleet.platform.advance(500);
    for (const node of [reader, writer]) node.durable.hook.before = refuse;
    await fleet.platform.advance(3_000);
    const session = await writer.sessions.get(id, { touch: false }).catch(() => null);
    return session?.data.cart.length === 0 ? 'a node did not see its own write' : null;
  },

  /** Another node learns by the mark alone of a write that Redis could not receive. */
  'a publish that fails': async () => {
    const fleet = new MemoryFleet();
    const [reader, writer] = [await fleet.node(), await fleet.node()];
    const { id } = await writer.sessions.create({ cart: [] });
    await reader.sessions.get(id);
    await settled();
    writer.primary.hook.before = failing('publish');
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(1_600);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** An INSERT whose answer was lost runs when its session has moved on: no client must have got that id. */
  'an INSERT that comes late': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    let late: (() => Promise<unknown>) | undefined;
    durable.override('sessions.insert', async (own, ...args) => {
      if (late !== undefined) return own(...args);
      late = () => own(...args);
      throw new TierFailure('ambiguous', 'ECONNRESET');
    });
    const { id } = await sessions.create({ cart: [] });
    await sessions.regenerate(id);
    await late?.();
    fleet.keyspace.clear();
    return (await sessions.get(id)) === null ? null : 'an id from before a regenerate was alive again';
  },
} satisfies Record<string, Scenario>;

/** The same server, of whose time no more is known than that it is right to within `byMs`. */
function vague(server: PrimaryServer, byMs: number): PrimaryServer {
  const vantage = (): Vantage | null => {
    const exact = server.vantage();
    return exact && { ...exact, earliest: exact.earliest - byMs, latest: exact.latest + byMs };
  };
  return new Proxy(server, {
    get: (target, name) => {
      if (name === 'vantage') return vantage;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
