import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  OutcomeUnknownError,
  PayloadError,
  SessionEndedError,
  SessionExistsError,
} from '../../../src/index.ts';
import { TierFailure } from '../../../src/errors.ts';
import { isSessionId } from '../../../src/session/session-id.ts';
import { MemoryFleet, type FleetNode } from '../../support/memory-fleet.ts';

const HOUR = 3_600_000;

let fleet: MemoryFleet;
let node: FleetNode;

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
});

describe('newId', () => {
  it('is an id that no other call returns', () => {
    const ids = Array.from({ length: 100 }, () => node.sessions.newId());
    expect(ids.every(isSessionId)).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });
});

describe('idFor', () => {
  it('is the same id for the same text in the same namespace, and nowhere else', async () => {
    const blog = await fleet.node({ namespace: 'blog' });
    const ids = ['a', 'b', 'a\0', '\0a', 'ä', 'x'.repeat(10_000)].flatMap((text) => [
      node.sessions.idFor(text),
      blog.sessions.idFor(text),
    ]);
    expect(ids.every(isSessionId)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    const other = await fleet.node();
    expect(other.sessions.idFor('a')).toBe(node.sessions.idFor('a'));
  });

  it('is a hash that nothing else in the library computes', () => {
    const expected = createHash('sha256').update('holdfast id v1\0holdfast\0s3cr3t').digest('base64url');
    expect(node.sessions.idFor('s3cr3t')).toBe(expected);
  });

  it.each(['', '\ud800', undefined, 42])('refuses %j', (text) => {
    expect(() => node.sessions.idFor(text as string)).toThrow(PayloadError);
  });
});

describe('create with an id', () => {
  it('makes the session of that id', async () => {
    const id = node.sessions.newId();
    const created = await node.sessions.create({ cart: ['A1'] }, { id });
    expect(created.id).toBe(id);
    expect((await node.sessions.get(id))?.data.cart).toEqual(['A1']);
  });

  it('refuses the id of a living session, and leaves that alone', async () => {
    const id = node.sessions.idFor('express 1');
    const calls = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((n) => node.sessions.create({ cart: [`${n}`] }, { id })),
    );
    const refused = calls.flatMap((call) => (call.status === 'rejected' ? [call.reason as unknown] : []));
    expect(refused).toHaveLength(4);
    for (const error of refused) expect(error).toBeInstanceOf(SessionExistsError);
    expect((await node.sessions.get(id))?.revision).toBe(1);
  });

  it('refuses the id of a session that was destroyed or has expired', async () => {
    const destroyed = await node.sessions.create({ cart: [] });
    await node.sessions.destroy(destroyed);
    const expired = await node.sessions.create({ cart: [] }, { lifetime: { absolute: '1s' } });
    await fleet.platform.advance(10_000);
    for (const { id } of [destroyed, expired]) {
      await expect(node.sessions.create({ cart: [] }, { id })).rejects.toBeInstanceOf(SessionEndedError);
      expect(await node.sessions.get(id)).toBeNull();
    }
  });

  it('refuses an id that only the primary tier knows to be dead: the session could not be read behind the tombstone', async () => {
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.destroy(id);
    fleet.database.clear();
    expect(fleet.kindOf(id)).toBe('tombstone');
    await expect(node.sessions.create({ cart: [] }, { id })).rejects.toBeInstanceOf(SessionEndedError);
    await fleet.platform.advance(13 * HOUR);
    await node.sessions.create({ cart: ['new'] }, { id });
    expect((await node.sessions.get(id))?.data.cart).toEqual(['new']);
  });

  it.each(['', 'nonsense', 'A'.repeat(42) + 'B', 42, null])('refuses %j as an id', async (id) => {
    await expect(node.sessions.create({ cart: [] }, { id: id as string })).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('does not bring back the id of before a regenerate, should a lost INSERT of it come late', async () => {
    const id = node.sessions.newId();
    let commit: (() => Promise<unknown>) | undefined;
    node.durable.override('sessions.insert', async (own, ...args) => {
      if (commit !== undefined) return own(...args);
      commit = () => own(...args);
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    await expect(node.sessions.create({ cart: [] }, { id })).rejects.toBeInstanceOf(OutcomeUnknownError);
    await node.sessions.create({ cart: [] }, { id });
    await node.sessions.regenerate(id);
    await commit?.();
    fleet.keyspace.clear();
    expect(await node.sessions.get(id)).toBeNull();
    await fleet.platform.advance(20_000);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('does not know the outcome where the answer is lost, and never ends what may be there', async () => {
    const id = node.sessions.newId();
    node.durable.override('sessions.insert', async (own, ...args) => {
      await own(...args);
      throw new TierFailure('ambiguous', 'connection-lost');
    });
    const creating = node.sessions.create({ cart: ['A1'] }, { id });
    await expect(creating).rejects.toBeInstanceOf(OutcomeUnknownError);
    expect(node.durable.calls.filter((name) => name === 'sessions.insert')).toHaveLength(1);
    await fleet.platform.advance(60_000);
    expect((await node.sessions.get(id))?.data.cart).toEqual(['A1']);
  });
});

describe('create with authenticatedAt', () => {
  const login = new Date(Date.UTC(2029, 11, 31));

  it('keeps when the user logged in elsewhere, or that nobody knows', async () => {
    const known = await node.sessions.create({ cart: [] }, { userId: 'u_42', authenticatedAt: login });
    const unknown = await node.sessions.create({ cart: [] }, { userId: 'u_42', authenticatedAt: null });
    const now = await node.sessions.create({ cart: [] }, { userId: 'u_42' });
    expect((await node.sessions.get(known.id))?.authenticatedAt).toEqual(login);
    expect((await node.sessions.get(unknown.id))?.authenticatedAt).toBeUndefined();
    expect((await node.sessions.get(now.id))?.authenticatedAt).toEqual(new Date(fleet.platform.now()));
  });

  it('does not believe in a login later than now', async () => {
    const authenticatedAt = new Date(fleet.platform.now() + HOUR);
    const session = await node.sessions.create({ cart: [] }, { userId: 'u_42', authenticatedAt });
    expect(session.authenticatedAt).toEqual(new Date(fleet.platform.now()));
  });

  it('refuses what is no date, and a login of nobody', async () => {
    const options = [
      { userId: 'u_42', authenticatedAt: new Date(Number.NaN) },
      { userId: 'u_42', authenticatedAt: 1_893_456_000_000 as unknown as Date },
      { authenticatedAt: login },
    ];
    for (const given of options) {
      await expect(node.sessions.create({ cart: [] }, given)).rejects.toBeInstanceOf(ConfigurationError);
    }
  });
});
