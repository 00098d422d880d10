import { RevocationNotDurableError, TierFailure } from '../../../src/errors.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse } from '../../support/memory-fleet.ts';
import { isBehind, newScene, pauseAt, twoNodes, type Scenario } from './scene.ts';

/** Of rows, their revisions and marks, and what becomes of copies that do not agree with them. */
export const rowScenarios = {
  /** What dropped a tombstone for want of memory must not meet a copy that is made from nothing. */
  'a publish that meets nothing': async () => {
    const { fleet, reader: writer, destroyer, id } = await newScene();
    const publish = pauseAt(writer, 'publish');
    const writing = add(writer.sessions, id, 'A1');
    await publish.reached;
    await destroyer.sessions.destroy(id);
    fleet.keyspace.delete(fleet.keyOf(id));
    publish.pass();
    await writing;
    return (await writer.sessions.get(id)) === null ? null : 'a session was served after its end was acknowledged';
  },

  /** A Redis that went back in time unseen misleads for `revalidateAfter`, and is not validated by what it has lost. */
  'a restamp that meets an older copy': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id);
    await settled();
    const { entry: older } = fleet.valueOf(id);
    await add(sessions, id, 'A1');
    await fleet.platform.advance(55_000);
    const answer = gate();
    durable.override('sessions.readState', async (own, ...args) => {
      const state = await own(...args);
      await answer.wait();
      return state;
    });
    const reading = sessions.get(id, { consistency: 'strong', touch: false });
    await answer.reached;
    fleet.valueOf(id).replace(older);
    answer.pass();
    await reading;
    await fleet.platform.advance(10_000);
    const session = await sessions.get(id, { touch: false });
    return session?.data.cart.length === 0 ? 'a write was not seen 65 s later' : null;
  },

  /** What a read under way has seen may be older than the next one's question. */
  'a read that is under way': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    reader.cutFromPrimary();
    const answer = gate();
    reader.durable.override('sessions.read', async (own, ...args) => {
      const row = await own(...args);
      await answer.wait();
      return row;
    });
    const first = reader.sessions.get(id);
    await answer.reached;
    await add(writer.sessions, id, 'A1');
    const second = isBehind(reader, id, fleet);
    await fleet.platform.advance(10);
    answer.pass();
    await first;
    return (await second) ? 'a read from the database did not see a write from before it' : null;
  },

  /** Copies are trusted only while the feed is read. */
  'a feed that is not read': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    reader.durable.hook.before = failing('feed.read');
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(1_600);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** A statement that waits for its locks is dated before others that committed first, and were polled. */
  'a mark that is older than its commit': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    await fleet.platform.advance(4_500);
    await add(writer.sessions, id, 'A1');
    const row = fleet.rowOf(id);
    if (row) fleet.database.set(storageKeyOf(id).toString('hex'), { ...row, dirtyAt: (row.dirtyAt ?? 0) - 3_000 });
    await fleet.platform.advance(1_600);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** A full server refuses to delete; nothing else shows that the copy is still there. */
  'an evict that fails': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    let isRefused = true;
    reader.primary.override('evict', async (own, ...args) => {
      if (isRefused) throw new TierFailure('rejected', 'MISCONF');
      return own(...args);
    });
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(1_050);
    isRefused = false;
    await fleet.platform.advance(550);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** The database learns of its activity only when its node reaches it again, and must not have deleted the row meanwhile. */
  'a session that only Redis served, and the sweep': async () => {
    const fleet = new MemoryFleet();
    const options = { lifetime: { idle: '1m', absolute: '1h' }, sweep: { every: '1m' } } as const;
    const [node] = [await fleet.node(options), await fleet.node(options)];
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await settled();
    node.durable.hook.before = refuse;
    for (let minutes = 0; minutes < 10; minutes += 0.5) {
      await fleet.platform.advance(30_000);
      if ((await node.sessions.get(id)) === null) return 'a session was not served while the database was away';
    }
    node.heal();
    await fleet.platform.advance(5_000);
    const session = await node.sessions.get(id).catch(() => null);
    return session === null ? 'a session that was used all the time is gone' : null;
  },

  'a destroy that is not durable': async () => {
    const fleet = new MemoryFleet();
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    node.durable.hook.before = refuse;
    await node.sessions.destroy(id).catch(() => undefined);
    node.heal();
    await fleet.platform.advance(5_000);
    return (fleet.rowOf(id)?.revokedAt ?? null) === null ? 'a destroy did not reach the database' : null;
  },

  /** The database has been away from one node for a while, and does not say any more which server counts. */
  'a destroy that is not durable, and another node': async () => {
    const fleet = new MemoryFleet();
    const [destroyer, reader] = [await fleet.node(), await fleet.node()];
    const { id } = await destroyer.sessions.create({ cart: [] });
    await reader.sessions.get(id);
    await settled();
    destroyer.durable.hook.before = refuse;
    await fleet.platform.advance(3_000);
    const error: unknown = await destroyer.sessions.destroy(id).catch((thrown: unknown) => thrown);
    if (!(error instanceof RevocationNotDurableError)) return 'Redis alone did not end what it had';
    return (await reader.sessions.get(id)) === null ? null : 'a session was served that had ended in Redis';
  },

  /** Redis has lost the tombstone, and the database answers again, but for the revocation. */
  'a revocation that is owed': async () => {
    const fleet = new MemoryFleet();
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    node.durable.hook.before = refuse;
    await node.sessions.destroy(id).catch(() => undefined);
    fleet.keyspace.clear();
    node.durable.hook.before = failing('sessions.revoke');
    await fleet.platform.advance(5_000);
    return (await node.sessions.get(id)) === null ? null : 'a node served what it had promised to end';
  },

  /** A write whose session has ended between its read and its statement changes nothing. */
  'a write to what has ended': async () => {
    const { fleet, reader: writer, destroyer, id } = await newScene();
    const update = pauseAt(writer, 'sessions.update');
    const writing = add(writer.sessions, id, 'A1').then(
      () => true,
      () => false,
    );
    await update.reached;
    await destroyer.sessions.destroy(id);
    update.pass();
    await fleet.platform.advance(1_000);
    return (await writing) ? 'a write was acknowledged after the end of its session' : null;
  },

  /** A write that neither Redis nor the feed could receive must not be acknowledged. */
  'a mark that fails': async () => {
    const fleet = new MemoryFleet();
    const [reader, writer] = [await fleet.node(), await fleet.node()];
    const { id } = await writer.sessions.create({ cart: [] });
    await reader.sessions.get(id);
    await settled();
    writer.primary.hook.before = failing('publish');
    writer.durable.hook.before = failing('feed.markDirty');
    const isDone = await add(writer.sessions, id, 'A1').then(
      () => true,
      () => false,
    );
    await fleet.platform.advance(1_600);
    const session = await reader.sessions.get(id);
    return isDone && session?.data.cart.length === 0 ? 'a write was not seen 1.6 s later' : null;
  },

  /** A caller whose write is in doubt reads the session, and must not see it as it was before. */
  'a write in doubt': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await sessions.get(id);
    await settled();
    durable.override('sessions.update', async (own, ...args) => {
      await own(...args);
      throw new TierFailure('ambiguous', 'test');
    });
    durable.hook.before = failing('sessions.readState');
    await add(sessions, id, 'A1').catch(() => undefined);
    const session = await sessions.get(id).catch(() => null);
    return session?.data.cart.length === 0 ? 'a node in doubt did not see what had happened' : null;
  },
} satisfies Record<string, Scenario>;
