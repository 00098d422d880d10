import { TierFailure } from '../../../src/errors.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { RevokeCommand, RevokeManyCommand } from '../../../src/tiers/durable.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add, MemoryFleet, refuse } from '../../support/memory-fleet.ts';
import { isBehind, newScene, pauseAt, twoNodes, USER, type Scenario } from './scene.ts';

/** Of the dirty feed, and of calls that end many sessions. */
export const feedScenarios = {
  /** A poll that has begun says nothing until it is applied. */
  'a poll that takes long': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    await fleet.platform.advance(10);
    await add(writer.sessions, id, 'A1');
    pauseAt(reader, 'feed.read');
    await fleet.platform.advance(1_600);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** What a read waited for may have taken away what it had read. */
  'a read that waits for the feed': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    await fleet.platform.advance(10);
    await add(writer.sessions, id, 'A1');
    fleet.platform.block(1_600);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.6 s later' : null;
  },

  /** A poll returns what there was when it began, not when its answer came. */
  'a poll that is answered late': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    const [answer, next] = [gate(), gate()];
    let polls = 0;
    reader.durable.override('feed.read', async (own, ...args) => {
      polls += 1;
      if (polls > 1) await next.wait();
      const page = await own(...args);
      await answer.wait();
      return page;
    });
    await fleet.platform.advance(1_001);
    await answer.reached;
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(400);
    answer.pass();
    await fleet.platform.advance(1_150);
    return (await isBehind(reader, id, fleet)) ? 'a write was not seen 1.55 s later' : null;
  },

  /** The node that was to remove the copies died, and a new process does not know of it. */
  'a process that is new': async () => {
    const { fleet, reader, writer, id } = await twoNodes();
    reader.cutFromPrimary();
    await fleet.platform.advance(100);
    await add(writer.sessions, id, 'A1');
    await fleet.platform.advance(5_000);
    return (await isBehind(await fleet.node(), id, fleet)) ? 'a new process did not see a write of before' : null;
  },

  /** Activity that is written late must not undo what was written in time. */
  'a touch that is written late': async () => {
    const fleet = new MemoryFleet();
    const options = { lifetime: { idle: 20_000, absolute: 600_000 } };
    const [cut, other] = [await fleet.node(options), await fleet.node(options)];
    const { id } = await other.sessions.create({ cart: [] });
    await other.sessions.get(id);
    await settled();
    cut.durable.hook.before = refuse;
    await fleet.platform.advance(6_000);
    await cut.sessions.get(id);
    await fleet.platform.advance(6_000);
    await other.sessions.touch(id);
    await fleet.platform.advance(2_000);
    cut.heal();
    await fleet.platform.advance(14_000);
    const session = await other.sessions.get(id, { consistency: 'strong', touch: false });
    return session === null ? 'a session in use was not found' : null;
  },

  /** The walk has gone by where a session moves to. */
  'a session that moves behind the walk': async () => {
    const fleet = new MemoryFleet();
    const [walker, other] = [await fleet.node(), await fleet.node()];
    const created = await Promise.all([1, 2, 3].map(() => other.sessions.create({ cart: [] }, { userId: USER })));
    const ids = created.map(({ id }) => id).toSorted((a, b) => storageKeyOf(a).compare(storageKeyOf(b)));
    const tombstones = pauseAt(walker, 'tombstone');
    const walking = walker.sessions.destroyByUser(USER);
    await tombstones.reached;
    let id = ids[2] ?? '';
    while (storageKeyOf(id).compare(storageKeyOf(ids[1] ?? '')) > 0) ({ id } = await other.sessions.regenerate(id));
    tombstones.pass();
    await walking;
    return (await other.sessions.get(id)) === null ? null : 'a session outlived a call that ended all of its user';
  },

  'more sessions than ten walks of one batch': async () => {
    const { sessions } = await new MemoryFleet().node();
    for (let count = 0; count < 21; count += 1) await sessions.create({ cart: [] }, { userId: USER });
    await sessions.destroyByUser(USER);
    return (await sessions.listByUser(USER)).length === 0
      ? null
      : 'sessions outlived a call that ended all of its user';
  },

  /** A call that finds nothing to end may have been overtaken by one that has not written to Redis yet. */
  'two calls that end the same sessions': async () => {
    const { reader, destroyer, other, id } = await newScene();
    await reader.sessions.get(id);
    await settled();
    const tombstone = pauseAt(destroyer, 'tombstone');
    void destroyer.sessions.destroyByUser(USER);
    await tombstone.reached;
    await other.sessions.destroyByUser(USER);
    return (await other.sessions.get(id)) === null ? null : 'a session was served after all of its user had ended';
  },

  /** The database's clock is ahead only while the statement runs, which it refuses by its deadline, and right when it is asked. */
  'a walk that comes too late': async () => {
    const { sessions, durable } = await new MemoryFleet().node();
    const { id } = await sessions.create({ cart: [] }, { userId: USER });
    let isAhead = true;
    durable.override('sessions.revokeMany', (own, ...args) => {
      if (!isAhead) return own(...args);
      isAhead = false;
      const command = args[0] as RevokeManyCommand;
      return own({ ...command, validUntil: (command.validUntil ?? 0) - 3_600_000 });
    });
    await sessions.destroyByUser(USER);
    return (await sessions.get(id)) === null ? null : 'a session outlived a call that ended all of its user';
  },

  'a destroy that comes too late': async () => {
    const { sessions, durable } = await new MemoryFleet().node();
    const { id } = await sessions.create({ cart: [] });
    durable.override('sessions.revoke', (own, ...args) => {
      const command = args[0] as RevokeCommand;
      return own({ ...command, validUntil: (command.validUntil ?? 0) - 3_600_000 });
    });
    const answer = await sessions.destroy(id).catch(() => 'failed');
    return answer === false ? 'a destroy that was not executed said that there was nothing to end' : null;
  },

  /** Whether the lost statement can still run is asked of a clock that has just been set back. */
  'a walk that is lost, and a clock that is set back': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    await sessions.create({ cart: [] }, { userId: USER });
    let backMs = 0;
    durable.override('sessions.revokeMany', async (own, ...args) => {
      if (backMs > 0) return own(...args);
      backMs = 3_600_000;
      throw new TierFailure('ambiguous', 'ECONNRESET');
    });
    durable.override('probe', async (own) => Number(await own()) - backMs);
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    sessions.destroyByUser(USER).then(settle, settle);
    await fleet.platform.advance(30_000);
    return isSettled ? null : 'a call did not end in half a minute';
  },

  /** It would end a session that begins after the call was acknowledged. */
  'a walk that is lost, and runs later': async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node();
    await sessions.create({ cart: [] }, { userId: USER });
    let late: (() => Promise<unknown>) | undefined;
    durable.override('sessions.revokeMany', async (own, ...args) => {
      if (late !== undefined) return own(...args);
      late = () => own(...args);
      throw new TierFailure('ambiguous', 'ECONNRESET');
    });
    const call = { isSettled: false };
    const settle = (): void => void (call.isSettled = true);
    sessions.destroyByUser(USER).then(settle, settle);
    while (!call.isSettled) await fleet.platform.advance(100);
    const { id } = await sessions.create({ cart: [] }, { userId: USER });
    await late?.();
    return (await sessions.get(id)) === null ? 'a session was ended that was made after the call' : null;
  },
} satisfies Record<string, Scenario>;
