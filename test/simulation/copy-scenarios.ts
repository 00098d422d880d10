import { memoryPrimaryTier } from '../../src/tiers/memory/index.ts';
import type { PrimaryTier, Vantage } from '../../src/tiers/tier.ts';
import { settled } from '../support/fake-platform.ts';
import { gate } from '../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse } from '../support/memory-fleet.ts';
import type { Scenario } from './scene.ts';

/** A Redis that went back in time unseen, longer ago than a validation lease of three seconds. */
async function rolledBack(touchInterval: number) {
  const fleet = new MemoryFleet();
  const options = { validationLease: '3s', touchInterval } as const;
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
  /** Who serves a copy alone does not know whether it is true, and must not date it anew. */
  'a copy that was served alone': async () => {
    const { fleet, writer, reader, id } = await rolledBack(0);
    writer.durable.hook.before = refuse;
    reader.durable.hook.before = refuse;
    for (let step = 0; step < 20; step += 1) {
      await reader.sessions.get(id).catch(() => undefined);
      await fleet.platform.advance(100);
    }
    // The reader, which has touches to tell the database of, never reaches it again.
    writer.durable.hook.before = () => undefined;
    await fleet.platform.advance(1_500);
    const session = await writer.sessions.get(id, { touch: false });
    return session?.data.cart.length === 0 ? 'a write was not seen 7 s later, with a lease of 3 s' : null;
  },

  /** The database is there: it must have the last word on a copy past its lease, and one lost answer changes nothing. */
  'one statement that is lost': async () => {
    const { fleet, reader, id } = await rolledBack(0);
    await fleet.platform.advance(900);
    const loses = { readState: failing('readState'), touch: failing('touch') };
    reader.durable.hook.before = (method) => loses[method as keyof typeof loses]?.(method);
    const session = await reader.sessions.get(id).catch(() => null);
    return session?.data.cart.length === 0 ? 'an old copy was served past its lease' : null;
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
    slow.durable.override('touch', async (own, ...args) => {
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
    // It would take away the copy.
    for (const node of [slow, writer])
      node.durable.hook.before = (method) => (method === 'readFeed' ? new Promise(() => undefined) : undefined);
    await fleet.platform.advance(100);
    answer.pass();
    await settled();
    const session = await writer.sessions.get(id, { touch: false });
    return session?.data.cart.includes('A1') ? null : 'a node did not see its own write';
  },

  /** What is dated just before a write must be below a floor that is raised just after it, however little is known of the server's time. */
  'a floor, and a time that is not known well': async () => {
    const fleet = new MemoryFleet();
    const primary = vague(memoryPrimaryTier(fleet.keyspace), 200);
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
} satisfies Record<string, Scenario>;

/** The same tier, of whose time no more is known than that it is right to within `byMs`. */
function vague(tier: PrimaryTier, byMs: number): PrimaryTier {
  const vantage = (): Vantage | null => {
    const exact = tier.vantage();
    return exact && { ...exact, earliest: exact.earliest - byMs, latest: exact.latest + byMs };
  };
  return new Proxy(tier, {
    get: (target, name) => {
      if (name === 'vantage') return vantage;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
