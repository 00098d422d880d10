import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, PayloadError, RevisionConflictError, SessionNotFoundError } from '../../../src/index.ts';
import { memoryClient, type MemoryClient } from '../../support/memory-client.ts';
import { MemoryFleet } from '../../support/memory-fleet.ts';

interface Shop {
  cart: string[];
  theme?: 'dark' | 'light';
}

const MINUTE = 60_000;

const UNKNOWN_ID = 'A'.repeat(43);

let shop: MemoryClient<Shop>;

beforeEach(async () => {
  shop = await memoryClient<Shop>();
});

describe('update', () => {
  it('stores what the function did to its copy, or what it returned', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const pushed = await shop.sessions.update(id, (data) => void data.cart.push('A1'));
    expect(pushed.data.cart).toEqual(['A1']);
    expect(pushed.revision).toBe(2);
    const returned = await shop.sessions.update(id, async (data) => ({ ...data, theme: 'dark' as const }));
    expect(returned.data).toEqual({ cart: ['A1'], theme: 'dark' });
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: ['A1'], theme: 'dark' });
  });

  it('loses none of many concurrent changes, from one client or from several', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const other = shop.another();
    const adds = Array.from({ length: 200 }, (_, n) =>
      (n % 2 === 0 ? shop.sessions : other).update(id, (data) => void data.cart.push(`item ${n}`)),
    );
    for (let waits = 0; waits < 500; waits += 1) await shop.platform.advance(10);
    await Promise.all(adds);
    const session = await shop.sessions.get(id);
    expect(new Set(session?.data.cart).size).toBe(200);
    expect(session?.revision).toBe(201);
  });

  it('passes on what the function throws, and writes nothing', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const sold = new Error('sold out');
    await expect(
      shop.sessions.update(id, (data) => {
        data.cart.push('A1');
        throw sold;
      }),
    ).rejects.toBe(sold);
    expect((await shop.sessions.get(id))?.revision).toBe(1);
  });

  it('refuses data that cannot be stored, and keeps the old', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await expect(shop.sessions.update(id, () => ({ cart: [1n] }) as never)).rejects.toBeInstanceOf(PayloadError);
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: [] });
  });

  it('is given up when the change does not end in time, and the next write has its turn', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const endless = shop.sessions.update(id, () => new Promise<void>(() => undefined));
    const refused = expect(endless).rejects.toBeInstanceOf(RevisionConflictError);
    await shop.platform.advance(5_000);
    await refused;
    expect((await shop.sessions.update(id, (data) => void data.cart.push('A1'))).data.cart).toEqual(['A1']);
  });

  it('gives up with a conflict when others keep winning until the time-out', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const rival = shop.another();
    let runs = 0;
    const update = shop.another({ updateTimeout: '100ms' }).update(id, async (data) => {
      runs += 1;
      await rival.update(id, (theirs) => void theirs.cart.push('theirs'));
      data.cart.push('mine');
    });
    const refused = expect(update).rejects.toBeInstanceOf(RevisionConflictError);
    for (let waits = 0; waits < 50; waits += 1) await shop.platform.advance(10);
    await refused;
    expect(runs).toBeGreaterThan(1);
    expect((await shop.sessions.get(id))?.data.cart).not.toContain('mine');
  });
});

describe('replace', () => {
  it('is one compare-and-swap against the revision that the caller has seen', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const replaced = await shop.sessions.replace(id, { cart: ['B2'] }, { revision: 1 });
    expect(replaced.revision).toBe(2);
    await expect(shop.sessions.replace(id, { cart: [] }, { revision: 1 })).rejects.toBeInstanceOf(
      RevisionConflictError,
    );
    await expect(shop.sessions.replace(id, { cart: [] }, { revision: 3 })).rejects.toBeInstanceOf(
      RevisionConflictError,
    );
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: ['B2'] });
  });

  it.each([undefined, 0, 1.5, '1', {}])('refuses %j as a revision', async (revision) => {
    const { id } = await shop.sessions.create({ cart: [] });
    const options = { revision } as { revision: number };
    await expect(shop.sessions.replace(id, { cart: [] }, options)).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('regenerate', () => {
  it('moves the session to a new id and leaves the old one dead', async () => {
    const before = await shop.sessions.create({ cart: ['A1'] });
    await shop.sessions.get(before.id);
    const after = await shop.sessions.regenerate(before.id);
    expect(after.id).not.toBe(before.id);
    expect(after.handle).not.toBe(before.handle);
    expect(after.data).toEqual({ cart: ['A1'] });
    expect(after.revision).toBe(2);
    expect(await shop.sessions.get(before.id)).toBeNull();
    expect((await shop.sessions.get(after.id))?.data).toEqual({ cart: ['A1'] });
    expect(+after.absoluteExpiresAt).toBe(+before.absoluteExpiresAt);
  });

  it('begins a new life for a new user, and only then', async () => {
    const guest = await shop.sessions.create({ cart: ['A1'] });
    await shop.platform.advance(10 * MINUTE);
    const user = await shop.sessions.regenerate(guest.id, { userId: 'u_42', data: { cart: ['A1'], theme: 'dark' } });
    expect(user.userId).toBe('u_42');
    expect(user.data.theme).toBe('dark');
    expect(+user.absoluteExpiresAt).toBe(+guest.absoluteExpiresAt + 10 * MINUTE);
    const again = await shop.sessions.regenerate(user.id, { userId: 'u_42' });
    expect(+again.absoluteExpiresAt).toBe(+user.absoluteExpiresAt);
    expect(await shop.sessions.listByUser('u_42')).toHaveLength(1);
  });

  it('gives a new user no longer life than `maxLifetime`, whatever the session had', async () => {
    const generous = shop.another({ maxLifetime: '20h' });
    const guest = await generous.create({ cart: [] }, { lifetime: { absolute: '20h' } });
    const user = await shop.sessions.regenerate(guest.id, { userId: 'u_42' });
    expect(+user.absoluteExpiresAt - +user.createdAt).toBe(12 * 60 * MINUTE);
  });

  it('says when a user logged in: once more for the same user, and never for a guest or a write', async () => {
    const guest = await shop.sessions.create({ cart: [] });
    expect(guest.authenticatedAt).toBeUndefined();
    expect((await shop.sessions.regenerate(guest.id)).authenticatedAt).toBeUndefined();
    const user = await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
    expect(user.authenticatedAt).toEqual(user.createdAt);
    await shop.platform.advance(MINUTE);
    const moved = await shop.sessions.regenerate(user.id);
    expect(moved.authenticatedAt).toEqual(user.authenticatedAt);
    const again = await shop.sessions.regenerate(moved.id, { userId: 'u_42' });
    expect(again.authenticatedAt).toEqual(new Date(shop.platform.now()));
    expect(again.createdAt).toEqual(user.createdAt);
    await shop.platform.advance(MINUTE);
    await shop.sessions.update(again.id, () => ({ cart: ['A1'] }));
    expect((await shop.sessions.get(again.id))?.authenticatedAt).toEqual(again.authenticatedAt);
    expect((await shop.sessions.listByUser('u_42'))[0]?.authenticatedAt).toEqual(again.authenticatedAt);
  });

  it('does not save the old id from a logout that comes too late to know the new one', async () => {
    const guest = await shop.sessions.create({ cart: [] });
    const user = await shop.sessions.regenerate(guest.id, { userId: 'u_42' });
    expect(await shop.sessions.destroy(guest.id)).toBe(true);
    expect(await shop.sessions.get(user.id)).toBeNull();
  });

  it('leaves exactly one of many concurrent regenerations alive', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    const other = shop.another();
    const regenerations = Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? shop.sessions : other).regenerate(id)),
    );
    for (let waits = 0; waits < 50; waits += 1) await shop.platform.advance(10);
    const settledAll = await regenerations;
    expect(settledAll.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of settledAll) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(SessionNotFoundError);
    }
  });
});

describe('destroy', () => {
  it('is true for a living session, once, and final', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.sessions.get(id);
    expect(await shop.sessions.destroy(id)).toBe(true);
    expect(await shop.sessions.destroy(id)).toBe(false);
    expect(await shop.sessions.get(id)).toBeNull();
    await expect(shop.sessions.update(id, () => undefined)).rejects.toBeInstanceOf(SessionNotFoundError);
    await expect(shop.sessions.replace(id, { cart: [] }, { revision: 1 })).rejects.toBeInstanceOf(SessionNotFoundError);
    await expect(shop.sessions.touch(id)).rejects.toBeInstanceOf(SessionNotFoundError);
    await expect(shop.sessions.regenerate(id)).rejects.toBeInstanceOf(SessionNotFoundError);
  });

  it('is false for an unknown or malformed id', async () => {
    expect(await shop.sessions.destroy(UNKNOWN_ID)).toBe(false);
    expect(await shop.sessions.destroy('nonsense')).toBe(false);
  });

  it('wins against a concurrent update: whichever comes first, the session ends dead', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id } = await shop.sessions.create({ cart: [] });
      const update = shop.sessions.update(id, (data) => void data.cart.push('late')).catch((error: unknown) => error);
      const both = Promise.all([update, shop.another().destroy(id)]);
      await shop.platform.advance(1_000);
      const [, destroyed] = await both;
      expect(destroyed).toBe(true);
      expect(await shop.sessions.get(id)).toBeNull();
    }
  });
});

describe('sessions of a user', () => {
  it('are listed with handles and times, the latest seen first, never with ids', async () => {
    const phone = await shop.sessions.create({ cart: [] }, { userId: 'u_42', label: 'Phone' });
    await shop.platform.advance(MINUTE);
    const laptop = await shop.sessions.create({ cart: [] }, { userId: 'u_42', label: 'Laptop' });
    await shop.sessions.create({ cart: [] }, { userId: 'u_43' });
    const list = await shop.sessions.listByUser('u_42');
    expect(list.map(({ handle, label }) => [handle, label])).toEqual([
      [laptop.handle, 'Laptop'],
      [phone.handle, 'Phone'],
    ]);
    expect(list[0]?.createdAt).toEqual(laptop.createdAt);
    expect(inspect(list, { depth: 9 })).not.toContain(laptop.id);
  });

  it('are not listed once they have ended', async () => {
    const { id } = await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
    await shop.sessions.create({ cart: [] }, { userId: 'u_42', lifetime: { absolute: '2m' } });
    await shop.platform.advance(3 * MINUTE);
    expect(await shop.sessions.listByUser('u_42')).toHaveLength(1);
    await shop.sessions.destroy(id);
    expect(await shop.sessions.listByUser('u_42')).toEqual([]);
  });

  it('end together, but for the one that is kept', async () => {
    const kept = await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
    const others = await Promise.all([1, 2, 3].map(() => shop.sessions.create({ cart: [] }, { userId: 'u_42' })));
    const stranger = await shop.sessions.create({ cart: [] }, { userId: 'u_43' });
    await Promise.all(others.map(({ id }) => shop.sessions.get(id)));
    expect(await shop.sessions.destroyByUser('u_42', { except: kept.id })).toBe(3);
    for (const { id } of others) expect(await shop.sessions.get(id)).toBeNull();
    expect(await shop.sessions.get(kept.id)).not.toBeNull();
    expect(await shop.sessions.get(stranger.id)).not.toBeNull();
    expect(await shop.sessions.destroyByUser('u_42')).toBe(1);
  });

  it('end one by one by handle, and only those of that user', async () => {
    const mine = await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
    expect(await shop.sessions.destroyByHandle('u_43', mine.handle)).toBe(false);
    expect(await shop.sessions.destroyByHandle('u_42', 'nonsense')).toBe(false);
    expect(await shop.sessions.destroyByHandle('u_42', mine.handle)).toBe(true);
    expect(await shop.sessions.get(mine.id)).toBeNull();
  });

  it('end several at once by their handles, after one listing, and are counted', async () => {
    const { durable, sessions } = await new MemoryFleet().node();
    const mine = await Promise.all([1, 2, 3, 4].map(() => sessions.create({ cart: [] }, { userId: 'u_42' })));
    const other = await sessions.create({ cart: [] }, { userId: 'u_43' });
    await sessions.destroy(mine[0]!.id);
    durable.calls.length = 0;
    const handles = [...mine.slice(0, 3), other].map(({ handle }) => handle);
    expect(await sessions.destroyByHandle('u_42', [...handles, handles[1]!, 'nonsense'])).toBe(2);
    expect(durable.calls.filter((call) => call === 'sessions.listByUser')).toHaveLength(1);
    const alive = await Promise.all([...mine, other].map(async ({ id }) => (await sessions.get(id)) !== null));
    expect(alive).toEqual([false, false, false, true, true]);
    expect(await sessions.destroyByHandle('u_42', [])).toBe(0);
    await expect(sessions.destroyByHandle('u_42', Array.from({ length: 1_001 }, String))).rejects.toThrow(/handles/);
  });

  it('need a user id', async () => {
    await expect(shop.sessions.listByUser('')).rejects.toBeInstanceOf(PayloadError);
    await expect(shop.sessions.destroyByUser(undefined as never)).rejects.toBeInstanceOf(PayloadError);
    await expect(shop.sessions.destroyByUser('u_42', { except: 'nonsense' })).rejects.toThrow(/except/);
  });
});
