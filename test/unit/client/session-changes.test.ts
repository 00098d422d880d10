import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, PayloadError, type Session, type UpdateOptions } from '../../../src/index.ts';
import { FakePlatform } from '../../support/fake-platform.ts';
import { memoryClient, type MemoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let shop: MemoryClient<Shop>;
let session: Session<Shop>;

beforeEach(async () => {
  shop = await memoryClient<Shop>({ maxLifetime: '30d' });
  session = await shop.sessions.create({ cart: [] }, { userId: 'u_42', label: 'Phone' });
  await shop.platform.advance(10 * MINUTE);
});

/** Every write that takes these options does the same with them. */
const writes: [string, (changes: UpdateOptions) => Promise<Session<Shop>>][] = [
  ['update', (changes) => shop.sessions.update(session, () => undefined, changes)],
  ['replace', (changes) => shop.sessions.replace(session, { cart: [] }, changes)],
  ['regenerate', (changes) => shop.sessions.regenerate(session, changes)],
];

describe.each(writes)('%s', (name, write) => {
  it('leaves what is not given as it is', async () => {
    const after = await write({});
    expect(after).toMatchObject({
      userId: 'u_42',
      label: 'Phone',
      createdAt: session.createdAt,
      authenticatedAt: session.authenticatedAt,
      absoluteExpiresAt: session.absoluteExpiresAt,
    });
    expect(+after.idleExpiresAt - +after.lastSeenAt).toBe(30 * MINUTE);
  });

  it('files the session under another user, and under nobody', async () => {
    session = await write({ userId: 'u_43' });
    expect(session.userId).toBe('u_43');
    expect(await shop.sessions.listByUser('u_42')).toEqual([]);
    expect(await shop.sessions.listByUser('u_43')).toHaveLength(1);
    session = await write({ userId: null });
    expect(session.userId).toBeUndefined();
    expect(session.authenticatedAt).toBeUndefined();
    expect(await shop.sessions.listByUser('u_43')).toEqual([]);
    expect((await shop.sessions.get(session.id))?.userId).toBeUndefined();
  });

  it(`${name === 'regenerate' ? 'says' : 'does not say'} that another user has logged in`, async () => {
    const { authenticatedAt } = await write({ userId: 'u_43' });
    expect(authenticatedAt).toEqual(name === 'regenerate' ? new Date(shop.platform.now()) : undefined);
  });

  it('changes the label, and takes it away', async () => {
    session = await write({ label: 'Laptop' });
    expect((await shop.sessions.listByUser('u_42'))[0]?.label).toBe('Laptop');
    session = await write({ label: null });
    expect((await shop.sessions.get(session.id))?.label).toBeUndefined();
  });

  it.each([
    ['later', '20d', 20 * 24 * HOUR],
    ['earlier', '1h', HOUR],
  ] as const)('makes the absolute deadline %s, counted from now', async (_how, absolute, ms) => {
    session = await write({ lifetime: { absolute, idle: absolute } });
    expect(+session.absoluteExpiresAt).toBe(shop.platform.now() + ms);
    shop.platform.block(ms - 1);
    expect(await shop.sessions.get(session.id)).not.toBeNull();
    shop.platform.block(1);
    expect(await shop.sessions.get(session.id)).toBeNull();
  });

  it.each([
    ['longer', '2h', 2 * HOUR],
    ['shorter', '5m', 5 * MINUTE],
  ] as const)('makes the idle lifetime %s', async (_how, idle, ms) => {
    session = await write({ lifetime: { idle } });
    expect(+session.idleExpiresAt).toBe(shop.platform.now() + ms);
    expect(+session.absoluteExpiresAt).toBe(shop.platform.now() + 12 * HOUR - 10 * MINUTE);
    await shop.platform.advance(ms);
    expect(await shop.sessions.get(session.id, { touch: false })).not.toBeNull();
    await shop.platform.advance(1);
    expect(await shop.sessions.get(session.id)).toBeNull();
  });

  it('reaches a node that remembers the session as it was', async () => {
    const other = shop.another();
    await other.get(session.id);
    await shop.platform.advance(MINUTE);
    session = await write({ lifetime: { absolute: '5m' } });
    await shop.platform.advance(4 * MINUTE);
    expect((await other.get(session.id))?.absoluteExpiresAt).toEqual(session.absoluteExpiresAt);
    await shop.platform.advance(MINUTE);
    expect(await other.get(session.id)).toBeNull();
  });

  it.each<[object, RegExp]>([
    [{ user: 'u_43' }, /unknown option 'user'; expected .*userId, label, lifetime/],
    [{ lifetime: { absolute: '31d' } }, /^lifetime\.absolute \(31d\) .*maxLifetime, which is 30d/],
    [{ lifetime: { idle: '2h', absolute: '1h' } }, /^lifetime\.idle \(2h\) .*lifetime\.absolute, which is 1h/],
    [{ lifetime: { idle: '2 hours' } }, /^lifetime\.idle: .*'2h'; but got '2 hours'/],
    [{ lifetime: 'forever' }, /^lifetime: expected an object/],
  ])('refuses %j and changes nothing', async (changes, message) => {
    const refused = write(changes);
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toThrow(message);
    expect((await shop.sessions.get(session.id))?.revision).toBe(1);
  });

  it.each([{ userId: '' }, { userId: 42 }, { userId: 'u'.repeat(513) }, { label: 'l'.repeat(513) }, { label: 42 }])(
    'refuses %j before anything is asked',
    async (changes) => {
      await shop.sessions.close();
      await expect(write(changes as UpdateOptions)).rejects.toBeInstanceOf(PayloadError);
    },
  );
});

describe('update on a node whose clock is behind', () => {
  it('gives a life that ends after the session was created', async () => {
    const behind = new FakePlatform();
    behind.block(shop.platform.now() - behind.now() - 4_000);
    const fresh = await shop.sessions.create({ cart: [] });
    const other = shop.another({ platform: behind });
    const after = await other.update(fresh, () => undefined, { lifetime: { absolute: '1s', idle: '1s' } });
    expect(+after.absoluteExpiresAt).toBe(+fresh.createdAt + 1_000);
  });
});

describe('regenerate', () => {
  it('begins a life as long as the old one for a new user, unless another is given', async () => {
    const long = await shop.sessions.create({ cart: [] }, { lifetime: { absolute: '30d' } });
    await shop.platform.advance(10 * MINUTE);
    const same = await shop.sessions.regenerate(long, { userId: 'u_1' });
    expect(+same.absoluteExpiresAt).toBe(shop.platform.now() + 30 * 24 * HOUR);
    const short = await shop.sessions.regenerate(same, { userId: 'u_2', lifetime: { absolute: '8h', idle: '15m' } });
    expect(+short.absoluteExpiresAt).toBe(shop.platform.now() + 8 * HOUR);
    expect(+short.idleExpiresAt).toBe(shop.platform.now() + 15 * MINUTE);
    expect(short.createdAt).toEqual(new Date(shop.platform.now()));
  });
});

describe('all', () => {
  it('gives every living session of the namespace once, with what is in it and never its id', async () => {
    const ids = await Promise.all(
      Array.from({ length: 250 }, async (_, n) => (await shop.sessions.create({ cart: [`${n}`] })).id),
    );
    await shop.sessions.destroy(ids.pop() as string);
    await shop.another({ namespace: 'blog' }).create({ cart: ['blog'] });
    const found = [];
    for await (const stored of shop.sessions.all()) found.push(stored);
    expect(found).toHaveLength(250);
    expect(new Set(found.map(({ handle }) => handle)).size).toBe(250);
    expect(found.map(({ data }) => data.cart[0] ?? '').toSorted()).toEqual(
      ['', ...Array.from({ length: 249 }, (_, n) => `${n}`)].toSorted(),
    );
    const mine = found.find(({ userId }) => userId === 'u_42');
    expect(mine).toEqual({
      handle: session.handle,
      userId: 'u_42',
      label: 'Phone',
      revision: 1,
      data: { cart: [] },
      createdAt: session.createdAt,
      authenticatedAt: session.authenticatedAt,
      lastSeenAt: session.lastSeenAt,
      idleExpiresAt: session.idleExpiresAt,
      absoluteExpiresAt: session.absoluteExpiresAt,
    });
    expect(JSON.stringify(found)).not.toContain(ids[0]);
  });

  it('leaves out what has ended but is still in the table, and what is not what its row says', async () => {
    await shop.sessions.create({ cart: [] }, { lifetime: { absolute: '1s' } });
    await shop.platform.advance(1_500);
    const handles = async (): Promise<string[]> => {
      const found = [];
      for await (const { handle } of shop.sessions.all()) found.push(handle);
      return found;
    };
    expect(await handles()).toEqual([session.handle]);
    for (const row of shop.database.values())
      shop.database.set(row.storageKey.toString('hex'), { ...row, revision: 7 });
    expect(await handles()).toEqual([]);
  });

  it('asks for a page at a time, and no further once nobody wants more', async () => {
    for await (const stored of shop.sessions.all()) {
      expect(stored.handle).toBe(session.handle);
      break;
    }
    await shop.sessions.close();
    await expect(shop.sessions.all().next()).rejects.toThrow(/closed/);
  });
});

describe('what a client says of itself', () => {
  it('is its namespace and the lifetime of its sessions, which another client understands', () => {
    expect(shop.sessions.namespace).toBe('holdfast');
    expect(shop.sessions.lifetime).toEqual({ idle: 30 * MINUTE, absolute: 12 * HOUR });
    const { lifetime, namespace } = shop.another({ lifetime: { idle: '1h' }, namespace: 'blog' });
    const twin = shop.another({ lifetime, namespace });
    expect([twin.lifetime, twin.namespace]).toEqual([{ idle: HOUR, absolute: 12 * HOUR }, 'blog']);
  });
});
