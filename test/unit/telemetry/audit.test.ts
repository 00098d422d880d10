import { beforeEach, describe, expect, it } from 'vitest';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { reencryptSessions, revokeKey, userKeysOf } from '../../../src/index.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { AuditEvent } from '../../../src/telemetry/audit.ts';
import { Browser } from '../../support/browser.ts';
import { KeyFleet, ringsOfRotation } from '../../support/key-fleet.ts';
import { failing, MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';
import { received } from '../../support/received.ts';

const initial = (): Shop => ({ cart: [] });
const put = (item: string) => (shop: Shop) => void shop.cart.push(item);
const post = { method: 'POST' };
let fleet: MemoryFleet;
let node: FleetNode;
let browser: Browser<Shop>;
let events: AuditEvent[];

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial }));
  events = received<AuditEvent>('holdfast:audit');
});

const names = () => events.map((event) => (event.event === 'ended' ? `ended by ${event.by}` : event.event));
const fresh = () => new Browser(new HttpSessions(node.sessions, { initial }));
const login = (userId: string, of = browser) => of.send((visit) => visit.login(userId), post);
const userKeyOf = async (userId: string) => (await userKeysOf(node.sessions, userId))[0];
/** Forgets the events so far. */
const from = async (before: Promise<unknown>) => {
  await before;
  events.length = 0;
};

describe('the audit stream, of sessions that begin', () => {
  it('has an anonymous session, with its namespace, time and latest end', async () => {
    const session = await node.sessions.create({ cart: [] }, { lifetime: { idle: '10m', absolute: '1h' } });
    expect(events).toEqual([
      {
        event: 'created',
        namespace: 'holdfast',
        at: new Date(fleet.platform.now()),
        handle: session.handle,
        userKey: null,
        absoluteExpiresAt: session.absoluteExpiresAt,
        idleLifetimeMs: 600_000,
      },
    ]);
  });

  it('has a login that begins a session: created and logged in, once each', async () => {
    const { handle } = await login('ada');
    expect(names()).toEqual(['created', 'logged-in']);
    expect(events[1]).toMatchObject({ handle, previousHandle: null, userKey: await userKeyOf('ada') });
  });

  it('has a login over an anonymous session under both handles', async () => {
    const before = await browser.send((visit) => visit.update(put('book')), post);
    await from(Promise.resolve());
    const { handle } = await login('ada');
    expect(names()).toEqual(['logged-in']);
    expect(events[0]).toMatchObject({ handle, previousHandle: before.handle, userKey: await userKeyOf('ada') });
  });

  it('has a password that is given once more: privilege raised', async () => {
    const before = await login('ada');
    await from(Promise.resolve());
    const { handle } = await login('ada');
    expect(names()).toEqual(['privilege-raised']);
    expect(events[0]).toMatchObject({ handle, previousHandle: before.handle, userKey: await userKeyOf('ada') });
  });

  it('has a new id without a login', async () => {
    const before = await node.sessions.create({ cart: [] }, { userId: 'ada' });
    await from(Promise.resolve());
    const { handle } = await node.sessions.regenerate(before);
    expect(names()).toEqual(['renewed']);
    expect(events[0]).toMatchObject({ handle, previousHandle: before.handle, userKey: await userKeyOf('ada') });
  });

  it('has another user of the same id, with both user keys, and no other update', async () => {
    const session = await node.sessions.create({ cart: [] }, { userId: 'ada' });
    await from(node.sessions.update(session, put('book')));
    await node.sessions.update(session.id, put('pen'), { userId: 'bob' });
    expect(events).toMatchObject([
      { event: 'user-changed', userKey: await userKeyOf('bob'), previousUserKey: await userKeyOf('ada') },
    ]);
  });

  it('takes an imported session for no login', async () => {
    await node.sessions.create({ cart: [] }, { userId: 'ada', authenticatedAt: null });
    expect(names()).toEqual(['created']);
  });

  it('has a session once whose first insert was lost, and none of an insert that failed', async () => {
    let calls = 0;
    node.durable.hook.before = (method) => {
      if (method === 'sessions.insert' && (calls += 1) === 1) return failing('sessions.insert')(method);
    };
    await node.sessions.create({ cart: [] });
    expect(names()).toEqual(['created']);
    node.durable.hook.before = refuse;
    await expect(node.sessions.create({ cart: [] })).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
    expect(names()).toEqual(['created']);
  });
});

describe('the audit stream, of sessions that end', () => {
  it('has a logout with the handle, once', async () => {
    const { handle } = await login('ada');
    await from(Promise.resolve());
    await browser.send((visit) => visit.logout(), post);
    await browser.send((visit) => visit.logout(), post);
    expect(events).toMatchObject([{ event: 'ended', by: 'logout', handle, count: 1, durable: true }]);
  });

  it('has the user key of a logout whose handler has read the session', async () => {
    await from(login('ada'));
    await browser.send(async (visit) => [await visit.get(), await visit.logout()], post);
    expect(events).toMatchObject([{ by: 'logout', userKey: await userKeyOf('ada') }]);
  });

  it('has another device, and this one from the list of devices', async () => {
    const other = fresh();
    const { handle } = await login('ada', other);
    const own = await login('ada');
    await from(Promise.resolve());
    await browser.send((visit) => visit.logoutDevice(handle), post);
    await browser.send((visit) => visit.logoutDevice(own.handle), post);
    expect(events).toMatchObject([
      { by: 'other-device', handle, userKey: await userKeyOf('ada') },
      { by: 'logout', handle: own.handle, userKey: await userKeyOf('ada') },
    ]);
  });

  it('has a logout everywhere as one event with the number of sessions', async () => {
    for (const device of [fresh(), fresh(), browser]) await login('ada', device);
    await from(Promise.resolve());
    await browser.send((visit) => visit.logoutEverywhere(), post);
    expect(events).toMatchObject([
      { by: 'everywhere', handle: null, userKey: await userKeyOf('ada'), count: 3, durable: true },
    ]);
  });

  it('has the sessions above the limit', async () => {
    const limited = () => new Browser(new HttpSessions(node.sessions, { initial, maxSessionsPerUser: 1 }));
    const { handle } = await login('ada', limited());
    await fleet.platform.advance(1_000);
    await from(Promise.resolve());
    await login('ada', limited());
    expect(names()).toEqual(['created', 'logged-in', 'ended by session-limit']);
    expect(events.at(-1)).toMatchObject({ handle, userKey: await userKeyOf('ada') });
  });

  it('has the session of another user that a login replaces', async () => {
    const { handle } = await login('ada');
    await from(Promise.resolve());
    await login('bob');
    expect(names()).toEqual(['created', 'logged-in', 'ended by other-user']);
    expect(events.at(-1)).toMatchObject({ handle });
  });

  it('has a session whose cookie came too late for its response', async () => {
    const { session, answer } = browser.visit(post);
    node.durable.hook.before = (method) => void (method === 'sessions.insert' && answer());
    await expect(session.login('ada')).rejects.toMatchObject({ code: 'HOLDFAST_RESPONSE_STARTED' });
    expect(names()).toEqual(['created', 'logged-in', 'ended by undelivered']);
  });

  it('has what the application and an operator end, and refuses another word', async () => {
    const [one, two] = [await node.sessions.create({ cart: [] }), await node.sessions.create({ cart: [] })];
    await node.sessions.create({ cart: [] }, { userId: 'ada' });
    await from(node.sessions.create({ cart: [] }));
    await node.sessions.destroy(one);
    await node.sessions.destroy(two, { by: 'operator' });
    await node.sessions.destroyByUser('ada', { by: 'operator' });
    await node.sessions.destroyAll({ by: 'operator' });
    expect(events).toMatchObject([
      { by: 'application', handle: one.handle, count: 1 },
      { by: 'operator', handle: two.handle, count: 1 },
      { by: 'operator', handle: null, userKey: await userKeyOf('ada'), count: 1 },
      { by: 'operator', handle: null, userKey: null, count: 1 },
    ]);
    await expect(node.sessions.destroyAll({ by: 'me' as never })).rejects.toMatchObject({
      code: 'HOLDFAST_CONFIGURATION',
    });
  });

  it('has a session that two nodes end at the same time once', async () => {
    const other = await fleet.node();
    const session = await node.sessions.create({ cart: [] });
    await from(Promise.resolve());
    await Promise.all([node.sessions.destroy(session.id), other.sessions.destroy(session.id)]);
    expect(names()).toEqual(['ended by application']);
  });

  it('has nothing of a session that had ended before', async () => {
    const session = await node.sessions.create({ cart: [] });
    await node.sessions.destroy(session);
    await from(Promise.resolve());
    expect(await node.sessions.destroy(session)).toBe(false);
    expect(await node.sessions.destroyByUser('nobody')).toBe(0);
    expect(events).toEqual([]);
  });

  it('says of an end that only Redis has that it is not durable yet, and does not repeat it', async () => {
    const { handle } = await login('ada');
    await from(Promise.resolve());
    node.durable.hook.before = refuse;
    await expect(browser.send((visit) => visit.logout(), post)).rejects.toMatchObject({
      code: 'HOLDFAST_REVOCATION_NOT_DURABLE',
    });
    node.heal();
    await fleet.platform.advance(60_000);
    expect(events).toMatchObject([{ event: 'ended', by: 'logout', handle, durable: false }]);
  });

  it('has the sessions that a call had ended before it failed, and not again when it is repeated', async () => {
    for (const device of [fresh(), browser]) await login('ada', device);
    await from(Promise.resolve());
    let calls = 0;
    node.durable.hook.before = (method) => {
      if (method === 'sessions.revokeMany' && (calls += 1) > 1) return refuse(method);
    };
    const end = () => node.sessions.destroyByUser('ada', { by: 'operator' });
    await expect(end()).rejects.toMatchObject({ code: 'HOLDFAST_OUTCOME_UNKNOWN' });
    node.heal();
    expect(await end()).toBe(0);
    expect(events).toMatchObject([
      { event: 'ended', by: 'operator', handle: null, userKey: await userKeyOf('ada'), count: 2, durable: true },
    ]);
  });

  it('has the sessions that a call for several could end beside one that it could not', async () => {
    const [one, other] = [await login('ada'), await login('ada', fresh())];
    await from(Promise.resolve());
    let calls = 0;
    node.durable.hook.before = (method) => {
      if (method === 'sessions.revoke' && (calls += 1) > 1) return refuse(method);
    };
    node.primary.hook.before = refuse;
    const end = () => node.sessions.destroyByHandle('ada', [one.handle, other.handle], { by: 'operator' });
    await expect(end()).rejects.toMatchObject({ code: 'HOLDFAST_OUTCOME_UNKNOWN' });
    expect(events).toMatchObject([{ event: 'ended', by: 'operator', handle: null, count: 1, durable: true }]);
  });

  it('has the sessions that end with a revoked key', async () => {
    const { old, promoted } = await ringsOfRotation();
    const keys = new KeyFleet(old);
    const writer = await keys.ready();
    const { handle } = await writer.sessions.create({ cart: [] });
    await from(Promise.resolve());
    keys.shelf.put(revokeKey(promoted, { kid: old.sealingKey.kid }));
    await reencryptSessions(writer.sessions, { destroyRevoked: true });
    expect(events.filter(({ event }) => event === 'ended')).toMatchObject([{ by: 'key-revocation', handle, count: 1 }]);
  });
});

it('the audit stream has a session that ends with a revoked key while the database is away', async () => {
  const { old, promoted } = await ringsOfRotation();
  const keys = new KeyFleet(old);
  const writer = await keys.ready();
  const { handle } = await writer.sessions.create({ cart: [] });
  await from(Promise.resolve());
  keys.shelf.put(revokeKey(promoted, { kid: old.sealingKey.kid }));
  let calls = 0;
  writer.durable.hook.before = (method) => {
    if (method === 'sessions.revoke' && (calls += 1) === 1) return refuse(method);
  };
  const walk = reencryptSessions(writer.sessions, { destroyRevoked: true });
  await keys.platform.advance(60_000);
  await walk;
  expect(events.filter(({ event }) => event === 'ended')).toMatchObject([
    { by: 'key-revocation', handle, count: 1, durable: false },
  ]);
});

describe('the audit stream, of what is refused', () => {
  const madeUp = `__Host-sid=${'A'.repeat(43)}.${'B'.repeat(43)}`;
  const request = () => browser.send((visit) => visit.get(), { headers: { cookie: madeUp } });

  it('has a made-up cookie at once', async () => {
    await request();
    expect(events).toMatchObject([{ event: 'refused', reason: 'made-up', tier: null, handle: null, count: 1 }]);
  });

  it('counts a flood of made-up cookies instead of repeating them', async () => {
    for (let turn = 0; turn < 1_000; turn += 1) await request();
    expect(events.length).toBe(1);
    await fleet.platform.advance(1_000);
    expect(events.map((event) => event.event === 'refused' && event.count)).toEqual([1, 999]);
    await request();
    expect(events.length).toBe(3);
  });

  it('publishes what was counted when the client closes', async () => {
    for (let turn = 0; turn < 3; turn += 1) await request();
    await node.sessions.close();
    expect(events.map((event) => event.event === 'refused' && event.count)).toEqual([1, 2]);
  });

  it('has nothing of a cookie that another library set under this name, nor of one beside a real one', async () => {
    await login('ada');
    const real = `__Host-sid=${browser.cookie}`;
    await from(Promise.resolve());
    await browser.send((visit) => visit.get(), { headers: { cookie: '__Host-sid=other' } });
    await browser.send((visit) => visit.get(), { headers: { cookie: `${madeUp}; ${real}` } });
    expect(events).toEqual([]);
  });

  it('has an envelope that was altered in Redis, and one of an older revision, with tier and handle', async () => {
    const session = await node.sessions.create({ cart: [] });
    await node.sessions.get(session.id);
    const first = fleet.valueOf(session.id).entry;
    await node.sessions.update(session, put('book'));
    await from(node.sessions.get(session.id));
    const { entry, replace } = fleet.valueOf(session.id);
    const altered = Buffer.from(entry.envelope);
    altered[altered.length - 1]! ^= 1;
    replace({ ...entry, envelope: altered });
    await node.sessions.get(session.id);
    fleet.valueOf(session.id).replace({ ...fleet.valueOf(session.id).entry, envelope: first.envelope });
    await node.sessions.get(session.id);
    expect(events).toMatchObject([
      { event: 'refused', reason: 'tampered', tier: 'primary', handle: session.handle, count: 1 },
      { event: 'refused', reason: 'rolled-back', tier: 'primary', handle: session.handle, count: 1 },
    ]);
  });

  it('has a row that was altered in the database, named ten times a second and counted from then on', async () => {
    const session = await node.sessions.create({ cart: [] });
    await from(Promise.resolve());
    const row = fleet.rowOf(session.id)!;
    const envelope = Buffer.from(row.envelope);
    envelope[envelope.length - 1]! ^= 1;
    fleet.database.set(storageKeyOf(session.id).toString('hex'), { ...row, envelope });
    const read = () => node.sessions.get(session.id, { consistency: 'strong' });
    for (let turn = 0; turn < 15; turn += 1) await expect(read()).rejects.toMatchObject({ reason: 'tampered' });
    await fleet.platform.advance(1_000);
    const counts = events.map((event) => event.event === 'refused' && [event.handle, event.count]);
    expect(counts).toEqual([...Array.from({ length: 10 }, () => [session.handle, 1]), [null, 5]]);
  });

  it('has a session of a revoked key', async () => {
    const { old, promoted } = await ringsOfRotation();
    const keys = new KeyFleet(old);
    const writer = await keys.ready();
    const session = await writer.sessions.create({ cart: [] });
    await from(Promise.resolve());
    keys.shelf.put(revokeKey(promoted, { kid: old.sealingKey.kid }));
    await keys.platform.advance(1_000);
    await expect(writer.sessions.get(session.id)).rejects.toMatchObject({ reason: 'revoked-key' });
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'refused', reason: 'revoked-key', handle: session.handle }),
    );
  });
});

describe('the audit stream', () => {
  it('never carries an id, a user id or data', async () => {
    const secret = 'a secret in the cart';
    const session = await browser.send((visit) => visit.update(put(secret)), post);
    const signedIn = await login('ada@example.org');
    await browser.send((visit) => visit.logoutEverywhere(), post);
    const text = JSON.stringify(events);
    expect(events.length).toBe(3);
    for (const word of [session.id, signedIn.id, 'ada@example.org', secret]) expect(text).not.toContain(word);
  });

  it('names a user by the key that userKeysOf returns', async () => {
    await login('ada');
    const found = await userKeysOf(node.sessions, 'ada');
    expect(found).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
    expect(events.at(-1)).toMatchObject({ userKey: found[0] });
    await expect(userKeysOf(node.sessions, '')).rejects.toMatchObject({ code: 'HOLDFAST_PAYLOAD' });
  });
});
