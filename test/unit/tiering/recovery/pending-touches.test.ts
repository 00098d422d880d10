import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import {
  DURABLE_TIMEOUT_MS_DEFAULT,
  LATECOMER_TIMEOUTS,
  SHARED_STATEMENT_ROWS_MAX,
} from '../../../../src/limits/durable-tier.ts';
import { COARSE_TICK_MS } from '../../../../src/limits/process.ts';
import { TOUCH_FLUSH_MS } from '../../../../src/limits/session.ts';
import { storageKeyOf } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { failing, MemoryFleet, refuse, type FleetNode } from '../../../support/memory-fleet.ts';

const MINUTE = 60_000;
/** After this long a touch is due, and the copy is still believed. */
const DUE_MS = 31_000;

describe('touches of reads', () => {
  it('of one second are written together at its end, dated when each session was used last', async () => {
    const { fleet, node, ids, usedAt } = await used(3);
    await fleet.platform.advance(400);
    const again = fleet.platform.now();
    await node.sessions.get(ids[0]);
    expect(touchesOf(node)).toBe(0);
    await fleet.platform.advance(TOUCH_FLUSH_MS - 400);
    expect(touchesOf(node)).toBe(3);
    expect(ids.map((id) => fleet.rowOf(id)?.lastSeenAt)).toEqual([again, usedAt, usedAt]);
    await fleet.platform.advance(5 * TOUCH_FLUSH_MS);
    expect(touchesOf(node)).toBe(3);
  });

  it('show their caller at once what they will have moved', async () => {
    const { fleet, node, ids, usedAt } = await used(1);
    const session = await node.sessions.get(ids[0]);
    expect(session?.lastSeenAt.getTime()).toBe(usedAt);
    expect(session?.idleExpiresAt.getTime()).toBe(usedAt + 30 * MINUTE);
    expect(fleet.rowOf(ids[0])?.lastSeenAt).toBeLessThan(usedAt);
  });

  it('are written at once where the deadline is near, or another node would call the session ended', async () => {
    const fleet = new MemoryFleet();
    const [node, other] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    await fleet.platform.advance(30 * MINUTE);
    fleet.keyspace.clear();
    expect(await node.sessions.get(id)).not.toBeNull();
    await fleet.platform.advance(TOUCH_FLUSH_MS / 2);
    expect(await other.sessions.get(id)).not.toBeNull();
    expect(fleet.rowOf(id)?.lastSeenAt).toBe(fleet.platform.now() - TOUCH_FLUSH_MS / 2);
  });

  it('do not revive a session whose lifetime was made shorter than a pause between them', async () => {
    const { fleet, node, ids } = await used(2);
    node.durable.hook.before = failing('sessions.touch');
    await fleet.platform.advance(5 * MINUTE);
    for (const id of ids) await node.sessions.get(id);
    const [shortened, lengthened] = ids.map((id) => fleet.rowOf(id)!);
    const now = fleet.platform.now();
    const put = (row: typeof shortened, idleLifetimeMs: number): void => {
      const idleExpiresAt = row!.lastSeenAt + idleLifetimeMs;
      fleet.database.set(row!.storageKey.toString('hex'), { ...row!, idleLifetimeMs, idleExpiresAt });
    };
    put(shortened, MINUTE);
    put(lengthened, 60 * MINUTE);
    node.durable.hook.before = () => undefined;
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(ids.map((id) => fleet.rowOf(id)?.idleExpiresAt)).toEqual([
      shortened!.lastSeenAt + MINUTE,
      now + 60 * MINUTE,
    ]);
  });

  it('are written before the client is closed', async () => {
    const { fleet, node, ids, usedAt } = await used(2);
    await node.sessions.close();
    expect(ids.map((id) => fleet.rowOf(id)?.lastSeenAt)).toEqual([usedAt, usedAt]);
    // The one tick that counts how long others were waited for finds nobody.
    await fleet.platform.advance(COARSE_TICK_MS);
    expect(fleet.platform.pendingTimers).toBe(0);
  });

  it('do not hold up the close of a client for long where the database is slow', async () => {
    const { fleet, node } = await used(6 * SHARED_STATEMENT_ROWS_MAX);
    let inTier = 0;
    node.durable.override('sessions.touch', async (own, ...args) => {
      inTier += 1;
      await new Promise<void>((resolve) => void fleet.platform.after(DURABLE_TIMEOUT_MS_DEFAULT - 10, resolve));
      return own(...args);
    });
    let isClosed = false;
    const closing = node.sessions.close().then(() => (isClosed = true));
    await fleet.platform.advance(LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT + DURABLE_TIMEOUT_MS_DEFAULT / 2);
    expect([isClosed, inTier > 0]).toEqual([false, true]);
    await fleet.platform.advance(DURABLE_TIMEOUT_MS_DEFAULT);
    expect(isClosed).toBe(true);
    await closing;
  });

  it('that fail once are written a second later, and no caller notices', async () => {
    const { fleet, node, ids, usedAt } = await used(2);
    const failures = failuresOf('touch');
    node.durable.hook.before = failing('sessions.touch');
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(failures()).toBe(1);
    node.durable.hook.before = () => undefined;
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(fleet.rowOf(ids[1] ?? '')?.lastSeenAt).toBe(usedAt);
    expect(failures()).toBe(1);
  });

  it.each(['with a copy in the primary tier', 'without one'])(
    'are written before a session that they keep alive is called ended, %s',
    async (which) => {
      const fleet = new MemoryFleet();
      const node = await fleet.node();
      const { id } = await node.sessions.create({ cart: [] });
      await node.sessions.get(id);
      node.durable.hook.before = failing('sessions.touch');
      await fleet.platform.advance(30 * MINUTE - 40_000);
      await node.sessions.get(id, { touch: false });
      await fleet.platform.advance(30_000);
      expect(await node.sessions.get(id)).not.toBeNull();
      await fleet.platform.advance(20_000 + TOUCH_FLUSH_MS / 2);
      expect(fleet.rowOf(id)?.idleExpiresAt).toBeLessThan(fleet.platform.now() - 5_000);
      if (which === 'without one') fleet.keyspace.clear();
      await expect(node.sessions.get(id)).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
      node.durable.hook.before = () => undefined;
      expect(await node.sessions.get(id)).not.toBeNull();
    },
  );

  it('wait for a database that is away without asking it each second', async () => {
    const { fleet, node, ids, usedAt } = await used(1);
    const failures = failuresOf('touch');
    node.durable.hook.before = refuse;
    await fleet.platform.advance(MINUTE);
    expect(failures()).toBeLessThanOrEqual(2);
    node.durable.hook.before = () => undefined;
    await fleet.platform.advance(1_000);
    expect(fleet.rowOf(ids[0])?.lastSeenAt).toBe(usedAt);
  });

  it('are written in parts of one statement each, so that reads find room between them', async () => {
    const { fleet, node, ids } = await used(SHARED_STATEMENT_ROWS_MAX + 10);
    let inTier = 0;
    let most = 0;
    node.durable.override('sessions.touch', async (own, ...args) => {
      inTier += 1;
      most = Math.max(most, inTier);
      await new Promise<void>((resolve) => void fleet.platform.after(1, resolve));
      inTier -= 1;
      return own(...args);
    });
    await fleet.platform.advance(2 * TOUCH_FLUSH_MS);
    expect(touchesOf(node)).toBe(ids.length);
    expect(most).toBe(SHARED_STATEMENT_ROWS_MAX);
  });

  it('are written though that of another session fails, however many there are', async () => {
    const { fleet, node, ids, usedAt } = await used(2 * SHARED_STATEMENT_ROWS_MAX);
    const failures = failuresOf('touch');
    const locked = storageKeyOf(ids[0]);
    node.durable.override('sessions.touch', async (own, ...args) => {
      const [command] = args as [{ readonly storageKey: Buffer }];
      if (command.storageKey.equals(locked)) throw new TierFailure('rejected', 'lock-timeout');
      return own(...args);
    });
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(ids.filter((id) => fleet.rowOf(id)?.lastSeenAt === usedAt)).toEqual(ids.slice(1));
    expect(failures()).toBe(1);
  });

  it('of a session that was destroyed meanwhile change nothing', async () => {
    const { fleet, node, ids } = await used(1);
    await node.sessions.destroy(ids[0]);
    const row = fleet.rowOf(ids[0]);
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(fleet.rowOf(ids[0])).toEqual(row);
    expect(fleet.kindOf(ids[0])).toBe('tombstone');
  });

  it('that a caller asked for are written before it is answered', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    await fleet.platform.advance(DUE_MS);
    await sessions.touch(id);
    expect(fleet.rowOf(id)?.lastSeenAt).toBe(fleet.platform.now());
  });
});

/** Sessions that were read just now, when a touch was due. */
async function used(count: number) {
  const fleet = new MemoryFleet();
  const node = await fleet.node();
  const ids: [string, ...string[]] = [(await node.sessions.create({ cart: [] })).id];
  while (ids.length < count) ids.push((await node.sessions.create({ cart: [] })).id);
  for (const id of ids) await node.sessions.get(id);
  await settled();
  await fleet.platform.advance(DUE_MS);
  node.durable.calls.length = 0;
  for (const id of ids) await node.sessions.get(id);
  await settled();
  return { fleet, node, ids, usedAt: fleet.platform.now() };
}

function touchesOf({ durable }: FleetNode): number {
  return durable.calls.filter((call) => call === 'sessions.touch').length;
}

/** How many failures of this work were announced since. */
function failuresOf(work: string): () => number {
  let count = 0;
  const receive = (message: unknown): void => {
    if ((message as { work: string }).work === work) count += 1;
  };
  subscribe('holdfast:background-failure', receive);
  onTestFinished(() => void unsubscribe('holdfast:background-failure', receive));
  return () => count;
}
