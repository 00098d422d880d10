import { setFlagsFromString } from 'node:v8';
import { beforeEach, describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import { PENDING_REVOCATION_CLOSE_GRACE_MS, PENDING_REVOCATION_RETRY_MS } from '../../../../src/limits/recovery.ts';
import { handleOf, storageKeyOf } from '../../../../src/session/session-id.ts';
import { gate } from '../../../support/intercepted-tiers.ts';
import { MemoryFleet, refuse, type FleetNode } from '../../../support/memory-fleet.ts';
import {
  GIVEN_UP_MS,
  USER,
  destroyedInOutage,
  lockRows,
  lostRevocations,
} from '../../../support/pending-revocations.ts';

setFlagsFromString('--expose-gc');

let fleet: MemoryFleet;

beforeEach(() => {
  fleet = new MemoryFleet();
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
    const { node, id } = await destroyedInOutage(fleet);
    node.durable.hook.before = (method) => (method === 'close' ? undefined : refuse(method));
    const lost = lostRevocations();
    const closing = node.sessions.close();
    await fleet.platform.advance(GIVEN_UP_MS);
    await closing;
    expect(lost()).toEqual([{ handle: handleOf(storageKeyOf(id)) }]);
  });

  it('does not wait longer than a write may take for a row that stays locked', async () => {
    const { node, id } = await destroyedInOutage(fleet);
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
