import { beforeEach, describe, expect, it } from 'vitest';
import {
  EnvelopeError,
  OutcomeUnknownError,
  RevocationNotDurableError,
  TierUnavailableError,
  type SessionClient,
} from '../../../src/index.ts';
import { TierFailure } from '../../../src/errors.ts';
import { DURABLE_FAILURES_TO_OPEN, DURABLE_GRACE_MS } from '../../../src/limits/durable-tier.ts';
import { PROBE_BACKOFF } from '../../../src/limits/primary-tier.ts';
import { COARSE_TICK_MS } from '../../../src/limits/process.ts';
import { PENDING_REVOCATION_RETRY_MS } from '../../../src/limits/recovery.ts';
import { TOUCH_FLUSH_MS } from '../../../src/limits/session.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { PrimaryValue } from '../../../src/tiers/primary.ts';
import { settled } from '../../support/fake-platform.ts';
import { gate } from '../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse, seen, type Shop } from '../../support/memory-fleet.ts';

const MINUTE = 60_000;

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

const node = () => fleet.node();

async function warm(sessions: SessionClient<Shop>, id: string): Promise<void> {
  await sessions.get(id);
  await settled();
  expect((await sessions.get(id))?.servedBy).toBe('primary');
}

describe('a reader that fills', () => {
  it('stores nothing when an update was published after it had read', async () => {
    const [reader, writer] = [await node(), await node()];
    const { id } = await writer.sessions.create({ cart: [] });
    const beforeFill = gate();
    reader.primary.hook.before = (method) => (method === 'fill' ? beforeFill.wait() : undefined);
    await reader.sessions.get(id);
    await beforeFill.reached;
    await add(writer.sessions, id, 'A1');
    beforeFill.pass();
    await settled();
    expect((await reader.sessions.get(id))?.data.cart).toEqual(['A1']);
  });

  it('stores nothing when the session was destroyed after it had read', async () => {
    const [reader, writer] = [await node(), await node()];
    const { id } = await writer.sessions.create({ cart: [] });
    const beforeFill = gate();
    reader.primary.hook.before = (method) => (method === 'fill' ? beforeFill.wait() : undefined);
    await reader.sessions.get(id);
    await beforeFill.reached;
    expect(await writer.sessions.destroy(id)).toBe(true);
    beforeFill.pass();
    await settled();
    expect(await reader.sessions.get(id)).toBeNull();
    expect([...fleet.keyspace.values()].map(({ kind }) => kind)).toEqual(['tombstone']);
  });

  it('takes no lease while a destroy or a regenerate is in flight', async () => {
    const [reader, writer] = [await node(), await node()];
    const { id } = await writer.sessions.create({ cart: [] });
    const beforeCommit = gate();
    writer.durable.hook.before = (method) => (method === 'sessions.revoke' ? beforeCommit.wait() : undefined);
    const destroyed = writer.sessions.destroy(id);
    await beforeCommit.reached;
    expect(await reader.sessions.get(id)).not.toBeNull();
    expect(reader.primary.calls).not.toContain('lease');
    beforeCommit.pass();
    expect(await destroyed).toBe(true);
    expect(await reader.sessions.get(id)).toBeNull();
  });
});

describe('the old id of a regenerate', () => {
  it('is dead everywhere even if the hold was lost and a reader filled a copy before the commit', async () => {
    const [reader, writer] = [await node(), await node()];
    const { id } = await writer.sessions.create({ cart: [] });
    const beforeCommit = gate();
    writer.durable.hook.before = (method) => (method === 'sessions.regenerate' ? beforeCommit.wait() : undefined);
    const regenerated = writer.sessions.regenerate(id);
    await beforeCommit.reached;
    fleet.keyspace.delete(fleet.keyOf(id));
    await warm(reader.sessions, id);
    beforeCommit.pass();
    const { id: next } = await regenerated;
    expect(await reader.sessions.get(id)).toBeNull();
    expect(await reader.sessions.get(next)).not.toBeNull();
  });
});

describe('a node whose publish failed', () => {
  it('never serves what is older than its own acknowledged write', async () => {
    const { sessions, primary } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    primary.hook.before = failing('publish');
    await add(sessions, id, 'A1');
    expect(await seen(sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
    primary.hook.before = () => undefined;
    await fleet.platform.advance(2 * PROBE_BACKOFF.longestMs);
    expect((await sessions.health()).primary.state).toBe('up');
    expect(await seen(sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
    await settled();
    expect(await seen(sessions, id)).toEqual({ cart: ['A1'], servedBy: 'primary' });
  });

  it('does not serve the dead either, when the tombstone failed', async () => {
    const { sessions, primary } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    primary.hook.before = (method) => {
      if (method === 'hold' || method === 'tombstone') throw new TierFailure('ambiguous', 'test');
    };
    expect(await sessions.destroy(id)).toBe(true);
    primary.hook.before = () => undefined;
    await fleet.platform.advance(2 * PROBE_BACKOFF.longestMs);
    expect(await sessions.get(id)).toBeNull();
  });

  it('takes an older copy away when the primary tier came back during the write', async () => {
    const { sessions, primary, durable } = await node();
    const other = await node();
    const { id } = await sessions.create({ cart: [] });
    primary.hook.before = failing('read');
    await sessions.get(id);
    primary.hook.before = () => undefined;
    const commit = gate();
    durable.hook.before = (method) => (method === 'sessions.update' ? commit.wait() : undefined);
    const update = add(sessions, id, 'A1');
    await commit.reached;
    await fleet.platform.advance(2 * PROBE_BACKOFF.longestMs);
    await warm(other.sessions, id);
    commit.pass();
    await update;
    expect((await sessions.get(id))?.data.cart).toEqual(['A1']);
    expect((await other.sessions.get(id))?.data.cart).toEqual(['A1']);
  });
});

describe('a copy is not believed without the durable tier', () => {
  it('once `revalidateAfter` has passed: a revocation that was published nowhere is noticed then', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.revokeSilently(id);
    await fleet.platform.advance(MINUTE);
    expect((await sessions.get(id, { touch: false }))?.servedBy).toBe('primary');
    await fleet.platform.advance(1);
    expect(await sessions.get(id, { touch: false })).toBeNull();
  });

  it('when the caller asks for a strong read', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.revokeSilently(id);
    expect(await sessions.get(id)).not.toBeNull();
    expect(await sessions.get(id, { consistency: 'strong' })).toBeNull();
  });

  it('when another incarnation of the server stamped it', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    const { entry, replace } = fleet.valueOf(id);
    replace({ ...entry, stamp: { ...entry.stamp, incarnation: 'another0' } });
    expect((await sessions.get(id))?.servedBy).toBe('durable');
    await settled();
    expect(fleet.valueOf(id).entry.stamp.incarnation).toBe(entry.stamp.incarnation);
    expect((await sessions.get(id))?.servedBy).toBe('primary');
  });

  it('when it is stamped in the future', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    const { entry, replace } = fleet.valueOf(id);
    replace({ ...entry, stamp: { ...entry.stamp, at: fleet.platform.now() + 10_000 } });
    expect((await sessions.get(id))?.servedBy).toBe('durable');
  });

  it('when its idle deadline has passed, since another node may just have moved it', async () => {
    const [one, two] = [await node(), await node()];
    const { id } = await one.sessions.create({ cart: [] });
    await warm(one.sessions, id);
    await fleet.platform.advance(20 * MINUTE);
    two.primary.hook.before = failing('restamp');
    await two.sessions.touch(id);
    await fleet.platform.advance(15 * MINUTE);
    expect(await one.sessions.get(id)).not.toBeNull();
  });
});

describe('a copy that is not what was stored', () => {
  it.each<[string, (entry: PrimaryValue) => PrimaryValue]>([
    [
      'with a changed envelope',
      (entry) => ({ ...entry, envelope: Buffer.from(entry.envelope.map((byte, at) => (at === 60 ? byte ^ 1 : byte))) }),
    ],
    ['with no envelope', (entry) => ({ ...entry, envelope: Buffer.alloc(0) })],
    ['with a higher revision in its header', (entry) => ({ ...entry, revision: entry.revision + 1 })],
  ])('%s is read from the durable tier and replaced', async (_what, tamper) => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: ['A1'] });
    await warm(sessions, id);
    const { entry, replace } = fleet.valueOf(id);
    replace(tamper(entry));
    expect(await seen(sessions, id)).toEqual({ cart: ['A1'], servedBy: 'durable' });
    await settled();
    expect(fleet.valueOf(id).entry.envelope).toEqual(entry.envelope);
    expect((await sessions.get(id))?.servedBy).toBe('primary');
  });

  it('is an EnvelopeError only when the durable copy does not open either', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    const key = storageKeyOf(id).toString('hex');
    const row = fleet.database.get(key);
    if (!row) throw new Error('no row');
    fleet.database.set(key, { ...row, revision: 7 });
    await expect(sessions.get(id)).rejects.toMatchObject({ code: 'HOLDFAST_ENVELOPE', reason: 'rolled-back' });
    fleet.database.set(key, { ...row, envelope: Buffer.from(row.envelope.map((byte) => byte ^ 1)) });
    await expect(sessions.get(id)).rejects.toBeInstanceOf(EnvelopeError);
  });

  it('cannot outlive the absolute deadline, whatever its header says', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] }, { lifetime: { absolute: '5m' } });
    await warm(sessions, id);
    await fleet.platform.advance(5 * MINUTE - 1);
    expect(await sessions.get(id)).not.toBeNull();
    await settled();
    const { entry, replace } = fleet.valueOf(id);
    replace({ ...entry, idleExpiresAt: fleet.platform.now() + MINUTE });
    await fleet.platform.advance(1);
    expect(await sessions.get(id)).toBeNull();
  });
});

describe('a touch', () => {
  it('of a session that was revoked elsewhere takes the copy away', async () => {
    const { sessions } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.revokeSilently(id);
    await fleet.platform.advance(40_000);
    expect(await sessions.get(id)).not.toBeNull();
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(await sessions.get(id)).toBeNull();
  });

  it('is one statement however many reads ask for it', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    await fleet.platform.advance(31_000);
    durable.calls.length = 0;
    await Promise.all(Array.from({ length: 50 }, () => sessions.get(id)));
    await fleet.platform.advance(TOUCH_FLUSH_MS);
    expect(durable.calls.filter((call) => call !== 'feed.read' && call !== 'feed.clear')).toEqual(['sessions.touch']);
  });
});

describe('a healthy read', () => {
  it('within `revalidateAfter` asks the primary tier once and the durable tier not at all', async () => {
    const { sessions, primary, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    primary.calls.length = 0;
    durable.calls.length = 0;
    await sessions.get(id);
    expect([primary.calls, durable.calls]).toEqual([['read'], []]);
  });

  it('costs an update one statement and one publish, a create one statement', async () => {
    const { sessions, primary, durable } = await node();
    await sessions.ready();
    primary.calls.length = 0;
    durable.calls.length = 0;
    const { id } = await sessions.create({ cart: [] });
    expect([primary.calls, durable.calls]).toEqual([[], ['sessions.insert']]);
    await warm(sessions, id);
    primary.calls.length = 0;
    durable.calls.length = 0;
    await add(sessions, id, 'A1');
    expect([primary.calls, durable.calls]).toEqual([['read', 'publish'], ['sessions.update']]);
  });
});

describe('while the durable tier fails', () => {
  it('a destroy is dead in the primary tier, says so, and is made durable later', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    durable.hook.before = refuse;
    await expect(sessions.destroy(id)).rejects.toBeInstanceOf(RevocationNotDurableError);
    expect(await sessions.get(id)).toBeNull();
    durable.hook.before = () => undefined;
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(fleet.database.get(storageKeyOf(id).toString('hex'))?.revokedAt).not.toBeNull();
  });

  it('a destroy whose tombstone got no answer is an unknown outcome, and is made durable later', async () => {
    const { sessions, durable, primary } = await node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    primary.hook.before = failing('tombstone');
    await expect(sessions.destroy(id)).rejects.toBeInstanceOf(OutcomeUnknownError);
    durable.hook.before = () => undefined;
    primary.hook.before = () => undefined;
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(await sessions.get(id)).toBeNull();
  });

  it('a destroy without the primary tier changes nothing and reports that no tier answered', async () => {
    const { sessions, durable, primary } = await node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    primary.hook.before = refuse;
    await sessions.get(id).catch(() => undefined);
    await expect(sessions.destroy(id)).rejects.toBeInstanceOf(TierUnavailableError);
    durable.hook.before = () => undefined;
    expect(await sessions.get(id)).not.toBeNull();
  });

  it('the breaker opens after a few failures, and then no caller waits', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = refuse;
    for (let n = 0; n < DURABLE_FAILURES_TO_OPEN; n += 1) await sessions.get(id).catch(() => undefined);
    durable.calls.length = 0;
    await expect(sessions.get(id)).rejects.toMatchObject({ tier: 'durable', reason: 'breaker-open' });
    expect(durable.calls).toEqual([]);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(2 * PROBE_BACKOFF.longestMs);
    expect(await sessions.get(id)).not.toBeNull();
  });

  it('a write whose answer was lost is an unknown outcome, and is not made again on a guess', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    await warm(sessions, id);
    let runs = 0;
    durable.hook.before = failing('sessions.update');
    const update = sessions.update(id, (data) => {
      runs += 1;
      data.cart.push('A1');
    });
    await expect(update).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(runs).toBe(1);
    await settled();
    expect((await sessions.get(id))?.servedBy).toBe('durable');
  });

  it('a statement that never ends is given up at its deadline', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = (method) => (method === 'sessions.read' ? new Promise<void>(() => undefined) : undefined);
    const read = expect(sessions.get(id)).rejects.toMatchObject({
      code: 'HOLDFAST_TIER_UNAVAILABLE',
      reason: 'deadline',
    });
    await fleet.platform.advance(2_000 + DURABLE_GRACE_MS + 2 * COARSE_TICK_MS);
    await read;
  });
});

describe('the end of all sessions', () => {
  it('finds the one that is regenerated behind its back, again and again', async () => {
    const { sessions, durable } = await node();
    const runner = await node();
    const ids = await Promise.all(Array.from({ length: 1_200 }, async () => (await sessions.create({ cart: [] })).id));
    let id = ids[0] ?? '';
    let moves = 0;
    durable.hook.before = async (method) => {
      if (method !== 'sessions.revokeMany' || moves === 3) return;
      moves += 1;
      const next = await runner.sessions.regenerate(id).catch(() => null);
      id = next?.id ?? id;
    };
    await sessions.destroyAll();
    expect(moves).toBe(3);
    expect([...fleet.database.values()].filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
    expect(await sessions.get(id)).toBeNull();
  });
});

describe('two that end all sessions of a user at once', () => {
  it('are both right when they say that it is done', async () => {
    const [one, two] = [await node(), await node()];
    const { id } = await one.sessions.create({ cart: [] }, { userId: 'u_42' });
    await warm(two.sessions, id);
    const beforeTombstone = gate();
    one.primary.hook.before = (method) => (method === 'tombstone' ? beforeTombstone.wait() : undefined);
    const first = one.sessions.destroyByUser('u_42');
    await beforeTombstone.reached;
    expect(await two.sessions.destroyByUser('u_42')).toBe(0);
    expect(await two.sessions.get(id)).toBeNull();
    beforeTombstone.pass();
    expect(await first).toBe(1);
  });
});

describe('the end of all sessions that is cut short', () => {
  it('does not say that nothing was changed', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] }, { userId: 'u_42' });
    let walks = 0;
    durable.hook.before = (method) => {
      if (method === 'sessions.revokeMany' && ++walks === 2) throw new TierFailure('not-sent', 'ECONNREFUSED');
    };
    await expect(sessions.destroyByUser('u_42')).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(await sessions.get(id)).toBeNull();
  });
});

describe('a revocation that waits for the database', () => {
  async function destroyInOutage() {
    const one = await node();
    const { id } = await one.sessions.create({ cart: [] });
    await warm(one.sessions, id);
    one.durable.hook.before = refuse;
    await expect(one.sessions.destroy(id)).rejects.toBeInstanceOf(RevocationNotDurableError);
    return { one, id };
  }

  it('follows a session that was regenerated meanwhile', async () => {
    const { one, id } = await destroyInOutage();
    const other = await node();
    other.cutFromPrimary();
    const moved = await other.sessions.regenerate(id);
    one.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(moved.id)?.revokedAt).not.toBeNull();
    expect(await other.sessions.get(moved.id)).toBeNull();
  });

  it('takes away the copy that came back after its tombstone was lost', async () => {
    const { one, id } = await destroyInOutage();
    const other = await node();
    fleet.keyspace.clear();
    await warm(other.sessions, id);
    one.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(await other.sessions.get(id)).toBeNull();
    expect(fleet.kindOf(id)).toBe('tombstone');
  });
});

describe('a database that has become a standby', () => {
  it('is not believed, not even that there is no such session', async () => {
    const { sessions, durable } = await node();
    const { id } = await sessions.create({ cart: [] });
    durable.hook.before = (method) => {
      if (method === 'sessions.update' || method === 'probe') throw new TierFailure('rejected', 'read-only');
    };
    await expect(add(sessions, id, 'A1')).rejects.toBeInstanceOf(TierUnavailableError);
    await fleet.platform.advance(2_000);
    await expect(sessions.get('A'.repeat(43))).rejects.toBeInstanceOf(TierUnavailableError);
    expect((await sessions.health()).durable.state).toBe('down');
  });
});
