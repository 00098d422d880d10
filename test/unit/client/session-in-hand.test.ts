import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, RevisionConflictError, SessionNotFoundError } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { MemoryFleet, type FleetNode, type Shop } from '../../support/memory-fleet.ts';
import type { Session } from '../../../src/index.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let session: Session<Shop>;

const add =
  (item: string) =>
  ({ cart }: Shop): void =>
    void cart.push(item);

/** What was asked of the two tiers. */
async function asked(call: () => Promise<unknown>): Promise<string[]> {
  node.primary.calls.length = 0;
  node.durable.calls.length = 0;
  await call();
  await settled();
  return [...node.primary.calls, ...node.durable.calls].filter((name) => name !== 'feed.read');
}

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  ({ session } = await held(node));
});

async function held({ sessions }: FleetNode): Promise<{ session: Session<Shop> }> {
  const { id } = await sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
  await sessions.get(id);
  await settled();
  return { session: (await sessions.get(id)) as Session<Shop> };
}

describe.each(['get', 'movedSince'] as const)('%s', (name) => {
  it('refuses a Session and a promise, instead of saying that there is no session', async () => {
    const call = (value: unknown): Promise<unknown> => node.sessions[name](value as string);
    await expect(call(session)).rejects.toThrow(new RegExp(`^${name}: expected a session id, such as session.id`));
    await expect(call(Promise.resolve(session.id))).rejects.toThrow(/did you forget await/);
    for (const value of [undefined, {}, [session.id]]) expect(await call(value)).toBe(name === 'get' ? null : false);
  });
});

describe('a session in hand, instead of an id', () => {
  it('is not read again before it is written', async () => {
    expect(await asked(() => node.sessions.update(session, add('B2')))).toEqual(['publish', 'sessions.update']);
    session = (await node.sessions.get(session.id)) as Session<Shop>;
    expect(await asked(() => node.sessions.replace(session, { cart: [] }))).toEqual(['publish', 'sessions.update']);
    session = (await node.sessions.get(session.id)) as Session<Shop>;
    expect(await asked(() => node.sessions.regenerate(session))).toEqual(['hold', 'tombstone', 'sessions.regenerate']);
  });

  it('is not read again before it is touched', async () => {
    await fleet.platform.advance(31_000);
    expect(await asked(() => node.sessions.touch(session))).toEqual(['restamp', 'sessions.touch']);
    expect(await asked(() => node.sessions.touch(session.id))).toEqual(['read']);
  });

  it('is not looked for before it is destroyed', async () => {
    expect(await asked(() => node.sessions.destroy(session))).toEqual(['hold', 'tombstone', 'sessions.revoke']);
    expect(await node.sessions.get(session.id)).toBeNull();
    expect(await node.sessions.destroy(session)).toBe(false);
  });

  it('is what a write has just returned, too', async () => {
    const created = await node.sessions.create({ cart: [] });
    const updated = await node.sessions.update(created, add('A1'));
    expect(await asked(() => node.sessions.update(updated, add('B2')))).not.toContain('read');
    expect((await node.sessions.get(created.id))?.data.cart).toEqual(['A1', 'B2']);
  });

  it('loses no write that came between: update begins again from what is stored', async () => {
    const other = await fleet.node();
    await other.sessions.update(session.id, add('theirs'));
    const updating = node.sessions.update(session, add('mine'));
    for (let waits = 0; waits < 20; waits += 1) await fleet.platform.advance(10);
    expect((await updating).data.cart).toEqual(['A1', 'theirs', 'mine']);
  });

  it('may be given to many updates at once', async () => {
    const updates = Array.from({ length: 20 }, (_, n) => node.sessions.update(session, add(`item ${n}`)));
    for (let waits = 0; waits < 20; waits += 1) await fleet.platform.advance(10);
    await Promise.all(updates);
    expect(node.durable.calls.filter((name) => name === 'sessions.update')).toHaveLength(20);
    expect((await node.sessions.get(session.id))?.data.cart).toHaveLength(21);
  });

  it('is replaced at its own revision, or not at all', async () => {
    const replaced = await node.sessions.replace(session, { cart: ['B2'] });
    expect(replaced.revision).toBe(session.revision + 1);
    await expect(node.sessions.replace(session, { cart: [] })).rejects.toBeInstanceOf(RevisionConflictError);
    const later = { revision: replaced.revision };
    expect((await node.sessions.replace(session, { cart: ['C3'] }, later)).revision).toBe(replaced.revision + 1);
    await expect(node.sessions.replace(session.id, { cart: [] })).rejects.toThrow(/^revision: .*a Session is given/);
  });

  it('is kept by destroyByUser', async () => {
    await node.sessions.create({ cart: [] }, { userId: 'u_42' });
    expect(await node.sessions.destroyByUser('u_42', { except: session })).toBe(1);
    expect(await node.sessions.get(session.id)).not.toBeNull();
  });

  it('is not found once it is gone, or has got another id', async () => {
    const moved = await node.sessions.regenerate(session);
    const missing = async (gone: Session<Shop>): Promise<void> => {
      const calls = [
        node.sessions.update(gone, add('B2')),
        node.sessions.replace(gone, { cart: [] }),
        node.sessions.regenerate(gone),
      ];
      for (const call of calls) call.catch(() => undefined);
      for (let waits = 0; waits < 20; waits += 1) await fleet.platform.advance(10);
      for (const call of calls) await expect(call).rejects.toBeInstanceOf(SessionNotFoundError);
    };
    await missing(session);
    await node.sessions.destroy(moved);
    await missing(moved);
    await fleet.platform.advance(31_000);
    await expect(node.sessions.touch(moved)).rejects.toBeInstanceOf(SessionNotFoundError);
  });

  const CALLS: readonly [string, (session: Session<Shop>) => Promise<unknown>][] = [
    ['update', (ref) => node.sessions.update(ref, add('B2'), { lifetime: { absolute: '5h' } })],
    ['replace', (ref) => node.sessions.replace(ref, { cart: [] }, { lifetime: { absolute: '5h' } })],
    ['regenerate', (ref) => node.sessions.regenerate(ref, { lifetime: { absolute: '5h' } })],
    ['touch', (ref) => node.sessions.touch(ref)],
  ];

  it.each(CALLS)('is not brought back to life by %s once it has ended', async (_name, call) => {
    const other = await fleet.node();
    const idle = await node.sessions.create({ cart: [] }, { lifetime: { idle: '10m' } });
    const absolute = await node.sessions.create({ cart: [] }, { lifetime: { absolute: '10m' } });
    await fleet.platform.advance(10 * 60_000 + 1_000);
    for (const ended of [idle, absolute]) {
      expect(await other.sessions.get(ended.id)).toBeNull();
      const refused = expect(call(ended)).rejects.toBeInstanceOf(SessionNotFoundError);
      await fleet.platform.advance(1_000);
      await refused;
      expect(await other.sessions.get(ended.id)).toBeNull();
    }
  });

  it.each(CALLS)('may have been prolonged by others since, when it is given to %s', async (_name, call) => {
    const held = await node.sessions.create({ cart: [] }, { lifetime: { idle: '10m' } });
    await fleet.platform.advance(9 * 60_000);
    await (await fleet.node()).sessions.touch(held.id);
    await fleet.platform.advance(2 * 60_000);
    const done = expect(call(held)).resolves.not.toThrow();
    await fleet.platform.advance(1_000);
    await done;
  });

  it('is not brought back to life by a change that took longer than it had to live', async () => {
    const { id } = await node.sessions.create({ cart: [] }, { lifetime: { idle: '2s' } });
    const wait = (): Promise<void> => new Promise((resolve) => void fleet.platform.after(3_000, resolve));
    const refused = expect(node.sessions.update(id, wait)).rejects.toBeInstanceOf(SessionNotFoundError);
    await fleet.platform.advance(4_000);
    await refused;
    expect(await node.sessions.get(id)).toBeNull();
  });

  it.each(['update', 'replace', 'touch', 'regenerate', 'destroy'] as const)(
    'is nothing else that %s is given',
    async (name) => {
      const call = node.sessions[name].bind(node.sessions) as (...args: unknown[]) => Promise<unknown>;
      for (const stranger of [{ id: session.id }, { ...session }, Object.create(session)]) {
        await expect(call(stranger, () => undefined, { revision: 1 })).rejects.toBeInstanceOf(ConfigurationError);
      }
    },
  );
});
