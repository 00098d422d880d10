import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  OutcomeUnknownError,
  RevocationNotDurableError,
  SessionNotFoundError,
  TierUnavailableError,
} from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import { PREVIOUS_KEY_LOOKUP_MS } from '../../../../src/limits/durable-tier.ts';
import {
  PENDING_REVOCATION_BACKOFF,
  PENDING_REVOCATION_RETRY_MS,
  PENDING_REVOCATIONS_UNKNOWN_MAX,
  PENDING_UNKNOWN_TOMBSTONE_TTL_MS,
} from '../../../../src/limits/recovery.ts';
import type { InsertCommand } from '../../../../src/tiers/durable.ts';
import { newSessionId } from '../../../../src/session/session-id.ts';
import { settled } from '../../../support/fake-platform.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { add, failing, MemoryFleet, refuse, type FleetNode } from '../../../support/memory-fleet.ts';
import {
  GIVEN_UP_MS,
  USER,
  destroyedInOutage,
  lockRows,
  lostRevocations,
} from '../../../support/pending-revocations.ts';

setFlagsFromString('--expose-gc');

const collectGarbage = runInNewContext('gc') as () => void;

let fleet: MemoryFleet;

beforeEach(() => {
  fleet = new MemoryFleet();
});

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
    const { node, id } = await destroyedInOutage(fleet);
    await fleet.platform.advance(60_000);
    node.durable.calls.length = 0;
    await fleet.platform.advance(60_000);
    expect(node.durable.calls).not.toContain('sessions.revoke');
    node.heal();
    await fleet.platform.advance(PENDING_REVOCATION_RETRY_MS);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('marks what it revokes, for nodes with a copy from after the tombstone was lost', async () => {
    const { node, id } = await destroyedInOutage(fleet);
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
    const { node, id } = await destroyedInOutage(fleet, USER);
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
    const { node, id } = await destroyedInOutage(fleet, USER);
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
    const { node, id } = await destroyedInOutage(fleet);
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
