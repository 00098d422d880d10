import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  OutcomeUnknownError,
  RevocationNotDurableError,
  SessionNotFoundError,
  TierUnavailableError,
} from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import {
  DURABLE_TIMEOUT_MS_DEFAULT,
  LATECOMER_TIMEOUTS,
  PREVIOUS_KEY_LOOKUP_MS,
} from '../../../../src/limits/durable-tier.ts';
import {
  PENDING_REVOCATION_BACKOFF,
  PENDING_REVOCATION_CLOSE_GRACE_MS,
  PENDING_REVOCATION_RETRY_MS,
  PENDING_REVOCATIONS_UNKNOWN_MAX,
  PENDING_UNKNOWN_TOMBSTONE_TTL_MS,
} from '../../../../src/limits/recovery.ts';
import type { InsertCommand } from '../../../../src/tiers/durable.ts';
import { handleOf, newSessionId, storageKeyOf } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse, type FleetNode } from '../../../support/memory-fleet.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const GIVEN_UP_MS = LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT;
const USER = 'u_42';

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

/** A session that was destroyed while this node did not reach the database. */
async function destroyedInOutage(userId?: string) {
  const node = await fleet.node();
  const { id } = await node.sessions.create({ cart: [] }, userId === undefined ? {} : { userId });
  await node.sessions.get(id);
  await settled();
  node.durable.hook.before = refuse;
  await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
  return { node, id };
}

/** Nobody can lock a row of the memory tier, so its revocation is what never comes back in time. */
function lockRows(node: FleetNode, ids: readonly string[]): { readonly attempts: () => number; unlock(): void } {
  const locked = new Set(ids.map((id) => storageKeyOf(id).toString('hex')));
  let attempts = 0;
  node.durable.override('sessions.revoke', async (own, ...args) => {
    const [command] = args as [{ readonly storageKey: Buffer }];
    if (!locked.has(command.storageKey.toString('hex'))) return own(...args);
    attempts += 1;
    throw new TierFailure('rejected', 'lock-timeout');
  });
  return { attempts: () => attempts, unlock: () => locked.clear() };
}

describe('the backlog of revocations', () => {
  it('tries each revocation once at a time, however long the database takes', async () => {
    const node = await fleet.node({ durableTimeout: '5s' });
    const created = await Promise.all(Array.from({ length: 20 }, () => node.sessions.create({ cart: [] })));
    const running = new Map<string, number>();
    let most = 0;
    node.durable.override('sessions.revoke', async (_own, ...args) => {
      const key = (args[0] as { readonly storageKey: Buffer }).storageKey.toString('hex');
      running.set(key, (running.get(key) ?? 0) + 1);
      most = Math.max(most, running.get(key) ?? 0);
      await new Promise<void>((resolve) => fleet.platform.after(2_000, resolve));
      running.set(key, (running.get(key) ?? 0) - 1);
      throw new TierFailure('rejected', 'lock-timeout');
    });
    const ending = created.map(({ id }) => node.sessions.destroy(id).catch(() => undefined));
    await fleet.platform.advance(60_000);
    await Promise.all(ending);
    expect(most).toBe(1);
  });

  it('waits longer after each failure of one revocation, and not for the others', async () => {
    const node = await fleet.node();
    const [locked, free] = [await node.sessions.create({ cart: [] }), await node.sessions.create({ cart: [] })];
    node.durable.hook.before = refuse;
    await expect(node.sessions.destroy(locked.id)).rejects.toThrow();
    await expect(node.sessions.destroy(free.id)).rejects.toThrow();
    const { attempts, unlock } = lockRows(node, [locked.id]);
    node.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(free.id)?.revokedAt).not.toBeNull();
    await fleet.platform.advance(60_000);
    expect(attempts()).toBeGreaterThan(60_000 / PENDING_REVOCATION_BACKOFF.longestMs);
    expect(attempts()).toBeLessThan(3 * (60_000 / PENDING_REVOCATION_BACKOFF.longestMs));
    unlock();
    await fleet.platform.advance(PENDING_REVOCATION_BACKOFF.longestMs + PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(locked.id)?.revokedAt).not.toBeNull();
  });

  it('asks nothing while the database is down, and everything when it is back', async () => {
    const { node, id } = await destroyedInOutage();
    await fleet.platform.advance(60_000);
    node.durable.calls.length = 0;
    await fleet.platform.advance(60_000);
    expect(node.durable.calls).not.toContain('sessions.revoke');
    node.heal();
    await fleet.platform.advance(PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('marks what it revokes, for nodes with a copy from after the tombstone was lost', async () => {
    const { node, id } = await destroyedInOutage();
    const other = await fleet.node();
    fleet.keyspace.clear();
    await other.sessions.get(id);
    await settled();
    node.cutFromPrimary();
    node.durable.hook.before = () => undefined;
    await fleet.platform.advance(PENDING_REVOCATION_RETRY_MS + 1_500);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
    expect(await other.sessions.get(id, { touch: false })).toBeNull();
  });
});

describe('a node that owes the revocation of a session', () => {
  /** Redis has been restarted empty, and the database is back, but for revocations. */
  async function withNothingInRedis() {
    const { node, id } = await destroyedInOutage(USER);
    lockRows(node, [id]);
    fleet.keyspace.clear();
    node.heal();
    await fleet.platform.advance(5_000);
    expect(fleet.rowOf(id)?.revokedAt).toBeNull();
    return { node, id };
  }

  it('does not serve it', async () => {
    const { node, id } = await withNothingInRedis();
    expect(await node.sessions.get(id)).toBeNull();
    expect(await node.sessions.get(id, { consistency: 'strong' })).toBeNull();
    expect(await node.sessions.listByUser(USER)).toEqual([]);
  });

  it('does not change it', async () => {
    const { node, id } = await withNothingInRedis();
    await expect(add(node.sessions, id, 'A1')).rejects.toThrow(SessionNotFoundError);
    await expect(node.sessions.replace(id, { cart: [] }, { revision: 1 })).rejects.toThrow(SessionNotFoundError);
    await expect(node.sessions.regenerate(id)).rejects.toThrow(SessionNotFoundError);
    await expect(node.sessions.touch(id)).rejects.toThrow(SessionNotFoundError);
  });

  it('refuses the write of a caller that had read it before', async () => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await settled();
    const changing = gate();
    const writing = node.sessions.update(id, () => changing.wait());
    await changing.reached;
    node.durable.hook.before = refuse;
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    lockRows(node, [id]);
    node.heal();
    await fleet.platform.advance(1_000);
    const refused = expect(writing).rejects.toThrow(SessionNotFoundError);
    changing.pass();
    await fleet.platform.advance(1_000);
    await refused;
  });

  it('serves every other session, and asks no more of the tiers than before', async () => {
    const { node } = await withNothingInRedis();
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await settled();
    node.primary.calls.length = 0;
    node.durable.calls.length = 0;
    expect((await node.sessions.get(id))?.servedBy).toBe('primary');
    expect([node.primary.calls, node.durable.calls]).toEqual([['read'], []]);
  });

  it('neither changes it for a caller that has it in hand, nor lists it among all', async () => {
    const { node, id } = await destroyedInOutage(USER);
    const other = await fleet.node();
    fleet.keyspace.clear();
    const inHand = await other.sessions.get(id);
    lockRows(node, [id]);
    node.heal();
    await fleet.platform.advance(5_000);
    const writes = [
      () => node.sessions.update(inHand!, (data) => void data.cart.push('A1')),
      () => node.sessions.replace(inHand!, { cart: [] }),
      () => node.sessions.regenerate(inHand!),
      () => node.sessions.touch(inHand!),
    ];
    for (const write of writes) {
      const refused = expect(write()).rejects.toThrow(SessionNotFoundError);
      await fleet.platform.advance(1_000);
      await refused;
    }
    const listed = [];
    for await (const { handle } of node.sessions.all()) listed.push(handle);
    expect(listed).toEqual([]);
  });

  it('owes it for as long as an INSERT may come that the application named', async () => {
    const node = await fleet.node();
    const id = node.sessions.newId();
    let commit: () => Promise<unknown> = async () => undefined;
    node.durable.override('sessions.insert', async (own, ...args) => {
      commit = () => own(...args);
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    await expect(node.sessions.create({ cart: [] }, { id })).rejects.toThrow(OutcomeUnknownError);
    node.durable.hook.before = refuse;
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    node.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    await commit();
    expect(await node.sessions.get(id)).toBeNull();
    await fleet.platform.advance(GIVEN_UP_MS);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('owes it beside that of a lost INSERT under the same id', async () => {
    const node = await fleet.node();
    const id = node.sessions.newId();
    let inserts = 0;
    node.durable.override('sessions.insert', async (own, ...args) => {
      if (inserts++ > 0) return own(...args);
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    await expect(node.sessions.create({ cart: [] }, { id })).rejects.toThrow(OutcomeUnknownError);
    await node.sessions.create({ cart: [] }, { id });
    const moved = await node.sessions.regenerate(id);
    node.durable.hook.before = refuse;
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    node.heal();
    await fleet.platform.advance(2 * GIVEN_UP_MS);
    expect(fleet.rowOf(moved.id)?.revokedAt).not.toBeNull();
  });

  it('can be asked to end it again', async () => {
    const { node, id } = await destroyedInOutage();
    node.heal();
    expect(await node.sessions.destroy(id)).toBe(true);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });
});

describe('what is remembered of an INSERT whose answer was lost', () => {
  it.each(['fresh', 'named'])('is not the record of the %s session', async (naming) => {
    const node = await fleet.node();
    const envelopes: WeakRef<Buffer>[] = [];
    node.durable.override('sessions.insert', async (_own, ...args) => {
      envelopes.push(new WeakRef((args as [InsertCommand])[0].record.envelope));
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    const options = naming === 'named' ? { id: node.sessions.newId() } : {};
    await expect(node.sessions.create({ cart: [] }, options)).rejects.toThrow(OutcomeUnknownError);
    await settled();
    collectGarbage();
    expect(envelopes.map((envelope) => envelope.deref())).not.toContainEqual(expect.anything());
    expect(envelopes).not.toEqual([]);
  });
});

describe('logouts with made-up ids while the database is away', () => {
  async function flood(node: FleetNode) {
    const ids = Array.from({ length: PENDING_REVOCATIONS_UNKNOWN_MAX + 50 }, () => newSessionId(fleet.platform));
    const outcomes = await Promise.allSettled(ids.map((id) => node.sessions.destroy(id)));
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).constructor : null));
  }

  it('find little room, and where there is none the caller learns that nothing was changed', async () => {
    const node = await fleet.node();
    node.durable.hook.before = refuse;
    const errors = await flood(node);
    const isNotDurable = errors.filter((error) => error === RevocationNotDurableError);
    expect(isNotDurable).toHaveLength(PENDING_REVOCATIONS_UNKNOWN_MAX);
    expect(errors.filter((error) => error === TierUnavailableError)).toHaveLength(50);
    expect(fleet.keyspace.size).toBe(PENDING_REVOCATIONS_UNKNOWN_MAX);
    expect(node.primary.calls).not.toContain('hold');
  });

  it('leave tombstones for a quarter of an hour at most', async () => {
    const node = await fleet.node();
    node.durable.hook.before = refuse;
    const id = newSessionId(fleet.platform);
    await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    const { kind, expiresAt } = fleet.keyspace.get(fleet.keyOf(id)) ?? {};
    expect([kind, expiresAt]).toEqual(['tombstone', fleet.platform.now() + PENDING_UNKNOWN_TOMBSTONE_TTL_MS]);
  });

  it('take no room from a session that Redis knows', async () => {
    const node = await fleet.node();
    const victim = await node.sessions.create({ cart: [] });
    await node.sessions.get(victim.id);
    await settled();
    node.durable.hook.before = refuse;
    await flood(node);
    await expect(node.sessions.destroy(victim.id)).rejects.toThrow(RevocationNotDurableError);
    expect(fleet.kindOf(victim.id)).toBe('tombstone');
    node.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(victim.id)?.revokedAt).not.toBeNull();
  });

  it('keep their room for as long as their tombstones stay, though the database has said that there is no such session', async () => {
    const node = await fleet.node();
    node.durable.hook.before = refuse;
    await flood(node);
    node.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    expect(node.durable.calls).not.toContain('sessions.revoke');
    node.durable.hook.before = refuse;
    expect(await flood(node)).not.toContain(RevocationNotDurableError);
    await fleet.platform.advance(PENDING_UNKNOWN_TOMBSTONE_TTL_MS);
    expect(await flood(node)).toContain(RevocationNotDurableError);
  });
});

describe('a client that is closed', () => {
  /** The answer of the first INSERT is lost; a second one takes its place. */
  async function createdTwice(node: FleetNode, insertsFirst: boolean) {
    const sent: (() => Promise<unknown>)[] = [];
    node.durable.override('sessions.insert', async (own, ...args) => {
      if (sent.length > 0) return own(...args);
      sent.push(() => own(...args));
      if (insertsFirst) await own(...args);
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    const { id } = await node.sessions.create({ cart: [] }, { userId: USER });
    const orphans = () => [...fleet.database.values()].filter((row) => !row.storageKey.equals(storageKeyOf(id)));
    return { orphans, commitLate: () => sent[0]?.() };
  }

  it('has revoked what an INSERT left whose answer was lost', async () => {
    const node = await fleet.node();
    const { orphans } = await createdTwice(node, true);
    await node.sessions.close();
    expect(orphans().map(({ revokedAt }) => revokedAt === null)).toEqual([false]);
  });

  it('waits for an INSERT that may still come', async () => {
    const node = await fleet.node();
    const { orphans, commitLate } = await createdTwice(node, false);
    const closing = node.sessions.close();
    await fleet.platform.advance(1_000);
    await commitLate();
    await fleet.platform.advance(GIVEN_UP_MS);
    await closing;
    expect(orphans().map(({ revokedAt }) => revokedAt === null)).toEqual([false]);
  });

  it('leaves what another write has made of the row', async () => {
    const node = await fleet.node();
    const { orphans } = await createdTwice(node, true);
    const [orphan] = orphans();
    const taken = { ...orphan!, writeId: Buffer.alloc(16, 7), envelope: Buffer.alloc(100, 7) };
    fleet.database.set(taken.storageKey.toString('hex'), taken);
    await fleet.platform.advance(GIVEN_UP_MS + PENDING_REVOCATION_RETRY_MS);
    expect(orphans().map(({ revokedAt }) => revokedAt === null)).toEqual([true]);
    await node.sessions.close();
  });

  it('says of which sessions it could not revoke the rows', async () => {
    const { node, id } = await destroyedInOutage();
    node.durable.hook.before = (method) => (method === 'close' ? undefined : refuse(method));
    const lost = lostRevocations();
    const closing = node.sessions.close();
    await fleet.platform.advance(GIVEN_UP_MS);
    await closing;
    expect(lost()).toEqual([{ handle: handleOf(storageKeyOf(id)) }]);
  });

  it('does not wait longer than a write may take for a row that stays locked', async () => {
    const { node, id } = await destroyedInOutage();
    lockRows(node, [id]);
    node.heal();
    await fleet.platform.advance(2 * PENDING_REVOCATION_RETRY_MS);
    const lost = lostRevocations();
    let isClosed = false;
    const closing = node.sessions.close().then(() => (isClosed = true));
    await fleet.platform.advance(GIVEN_UP_MS + PENDING_REVOCATION_CLOSE_GRACE_MS);
    expect(isClosed).toBe(true);
    await closing;
    expect(lost()).toHaveLength(1);
  });

  it('does not wait for all of a long backlog that was being tried', async () => {
    const node = await fleet.node();
    const created = await Promise.all(Array.from({ length: 400 }, () => node.sessions.create({ cart: [] })));
    node.durable.hook.before = refuse;
    await Promise.allSettled(created.map(({ id }) => node.sessions.destroy(id)));
    node.durable.override('sessions.revoke', async () => {
      await new Promise<void>((resolve) => void fleet.platform.after(1_000, resolve));
      throw new TierFailure('rejected', 'lock-timeout');
    });
    node.heal();
    await fleet.platform.advance(2_000);
    const lost = lostRevocations();
    let isClosed = false;
    const closing = node.sessions.close().then(() => (isClosed = true));
    await fleet.platform.advance(GIVEN_UP_MS + 2_000);
    expect(isClosed).toBe(true);
    await closing;
    expect(lost()).toHaveLength(400);
  });

  /** A login on another node is in flight while this node ends all sessions of its user. */
  async function withLoginInFlight() {
    const [node, other] = [await fleet.node(), await fleet.node()];
    const insert = gate();
    other.durable.hook.before = (method) => (method === 'sessions.insert' ? insert.wait() : undefined);
    const login = other.sessions.create({ cart: [] }, { userId: USER });
    // Where nobody lets it commit, its outcome stays unknown.
    login.catch(() => undefined);
    await insert.reached;
    await node.sessions.destroyByUser(USER);
    const commit = async (): Promise<string> => {
      insert.pass();
      return (await login).id;
    };
    return { node, commit };
  }

  it('has waited for a login in flight that a destroyByUser may have missed', async () => {
    const { node, commit } = await withLoginInFlight();
    const lost = lostRevocations();
    let isClosed = false;
    const closing = node.sessions.close().then(() => (isClosed = true));
    await fleet.platform.advance(1_000);
    const id = await commit();
    await fleet.platform.advance(GIVEN_UP_MS - 1_001);
    expect(isClosed).toBe(false);
    await fleet.platform.advance(PENDING_REVOCATION_CLOSE_GRACE_MS + 1);
    expect(isClosed).toBe(true);
    await closing;
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
    expect(lost()).toEqual([]);
  });

  it('publishes that it has not looked for logins in flight where the database is away at that time', async () => {
    const { node } = await withLoginInFlight();
    const lost = lostRevocations();
    const closing = node.sessions.close();
    await fleet.platform.advance(1_000);
    node.durable.hook.before = (method) => (method === 'close' ? undefined : refuse(method));
    await fleet.platform.advance(GIVEN_UP_MS + PENDING_REVOCATION_CLOSE_GRACE_MS);
    await closing;
    expect(lost()).toEqual([{ handle: null }]);
  });

  it('does not wait for logins in flight where the database is down', async () => {
    const { node } = await withLoginInFlight();
    node.durable.hook.before = (method) => (method === 'close' ? undefined : refuse(method));
    await fleet.platform.advance(2_000);
    const lost = lostRevocations();
    await node.sessions.close();
    expect(lost()).toEqual([{ handle: null }]);
  });
});

describe('a look for latecomers', () => {
  async function withLatecomer(node: FleetNode, except?: string) {
    const inserted: (() => Promise<unknown>)[] = [];
    node.durable.override('sessions.insert', async (own, ...args) => {
      inserted.push(() => own(...args));
      return 'inserted';
    });
    const { id } = await node.sessions.create({ cart: [] }, { userId: USER });
    await node.sessions.destroyByUser(USER, except === undefined ? {} : { except });
    await inserted[0]?.();
    return id;
  }

  it('is repeated where the database was away at its time', async () => {
    const node = await fleet.node();
    const id = await withLatecomer(node);
    node.durable.hook.before = failing('sessions.listByUser', 'not-sent');
    await fleet.platform.advance(GIVEN_UP_MS + 10_000);
    expect(fleet.rowOf(id)?.revokedAt).toBeNull();
    node.heal();
    await fleet.platform.advance(PENDING_REVOCATION_BACKOFF.longestMs + PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('is given up, and says so, before the rows forget which of them was to be kept', async () => {
    const node = await fleet.node();
    const kept = await node.sessions.create({ cart: [] }, { userId: USER });
    const lost = lostRevocations();
    await withLatecomer(node, kept.id);
    const { id } = await node.sessions.regenerate(kept.id);
    node.durable.hook.before = failing('sessions.listByUser', 'not-sent');
    await fleet.platform.advance(PREVIOUS_KEY_LOOKUP_MS + 5 * 60_000);
    node.heal();
    await fleet.platform.advance(60_000);
    expect(fleet.rowOf(id)?.revokedAt).toBeNull();
    expect(lost()).toEqual([{ handle: null }]);
  });
});

function lostRevocations(): () => unknown[] {
  const messages: unknown[] = [];
  const receive = (message: unknown): void => void messages.push(message);
  subscribe('holdfast:revocation-lost', receive);
  onTestFinished(() => void unsubscribe('holdfast:revocation-lost', receive));
  return () => messages;
}
