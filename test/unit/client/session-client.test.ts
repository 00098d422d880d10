import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, PayloadError, SessionNotFoundError, type StandardSchema } from '../../../src/index.ts';
import { newSessionId } from '../../../src/session/session-id.ts';
import { settled } from '../../support/fake-platform.ts';
import { memoryClient, type MemoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
  theme?: 'dark' | 'light';
}

const MINUTE = 60_000;

const HOUR = 60 * MINUTE;

const UNKNOWN_ID = 'A'.repeat(43);

let shop: MemoryClient<Shop>;

beforeEach(async () => {
  shop = await memoryClient<Shop>();
});

describe('create', () => {
  it('answers a session that can be read back with the same data, user and label', async () => {
    const created = await shop.sessions.create({ cart: ['A1'] }, { userId: 'u_42', label: 'Firefox on Linux' });
    expect(created.revision).toBe(1);
    expect(created.servedBy).toBe('durable');
    const read = await shop.sessions.get(created.id);
    expect(read?.data).toEqual({ cart: ['A1'] });
    expect(read?.id).toBe(created.id);
    expect(read?.userId).toBe('u_42');
    expect(read?.label).toBe('Firefox on Linux');
    expect(read?.handle).toBe(created.handle);
    expect(read?.createdAt).toEqual(created.createdAt);
  });

  it('takes the lifetime of the client, or its own', async () => {
    const usual = await shop.sessions.create({ cart: [] });
    expect(+usual.idleExpiresAt - +usual.createdAt).toBe(30 * MINUTE);
    expect(+usual.absoluteExpiresAt - +usual.createdAt).toBe(12 * HOUR);
    const short = await shop.sessions.create({ cart: [] }, { lifetime: { absolute: '20m' } });
    expect(+short.idleExpiresAt - +short.createdAt).toBe(20 * MINUTE);
    const long = await shop.sessions.create({ cart: [] }, { lifetime: { idle: '1h', absolute: '2h' } });
    expect(+long.idleExpiresAt - +long.createdAt).toBe(HOUR);
  });

  it('gives no session a longer life than the client’s own, unless `maxLifetime` allows it', async () => {
    const options = { lifetime: { absolute: '13h' } } as const;
    await expect(shop.sessions.create({ cart: [] }, options)).rejects.toThrow(/^lifetime\.absolute .*maxLifetime/);
    await expect(shop.sessions.create({ cart: [] }, options)).rejects.toBeInstanceOf(ConfigurationError);
    const generous = shop.another({ maxLifetime: '30d' });
    const { absoluteExpiresAt, createdAt } = await generous.create({ cart: [] }, { lifetime: { absolute: '30d' } });
    expect(+absoluteExpiresAt - +createdAt).toBe(30 * 24 * 60 * MINUTE);
    await expect(generous.create({ cart: [] }, { lifetime: { absolute: '31d' } })).rejects.toThrow(/maxLifetime/);
  });

  it('hands out the data as it was written, whatever the caller does to what it gave', async () => {
    const data: Shop = { cart: ['A1'] };
    const created = await shop.sessions.create(data);
    data.cart.push('B2');
    expect(created.data).toEqual({ cart: ['A1'] });
    expect(created.data).toBe(created.data);
    const updated = await shop.sessions.update(created.id, () => data);
    data.cart.push('C3');
    expect(updated.data).toEqual({ cart: ['A1', 'B2'] });
    expect((await shop.sessions.get(created.id))?.data).toEqual({ cart: ['A1', 'B2'] });
  });

  it('stores nothing that its own serializer cannot read', async () => {
    let isBroken = false;
    const parse = (bytes: Uint8Array): Shop => {
      if (isBroken) throw new PayloadError('It cannot be read.');
      return JSON.parse(Buffer.from(bytes).toString()) as Shop;
    };
    const serialize = (data: unknown): Uint8Array => Buffer.from(JSON.stringify(data));
    const { sessions } = await memoryClient<Shop>({ serializer: { id: 2, serialize, parse } });
    const { id } = await sessions.create({ cart: [] }, { userId: 'u_1' });
    const breaking = (): Shop => {
      isBroken = true;
      return { cart: ['A1'] };
    };
    await expect(sessions.update(id, breaking)).rejects.toThrow(PayloadError);
    await expect(sessions.create({ cart: [] }, { userId: 'u_1' })).rejects.toThrow(PayloadError);
    isBroken = false;
    expect((await sessions.get(id))?.revision).toBe(1);
    expect(await sessions.listByUser('u_1')).toHaveLength(1);
  });

  it.each<[string, unknown, object]>([
    ['an empty user id', { cart: [] }, { userId: '' }],
    ['a user id of another type', { cart: [] }, { userId: 42 }],
    ['a user id that is too long', { cart: [] }, { userId: 'u'.repeat(513) }],
    ['a label that is too long', { cart: [] }, { label: 'l'.repeat(513) }],
    ['no data', undefined, {}],
    ['a function', { cart: [() => 1] }, {}],
    ['a bigint', { cart: [1n] }, {}],
    ['a date', { cart: [new Date(0)] }, {}],
    ['too much data', { cart: ['x'.repeat(70_000)] }, {}],
    ['a key that pollutes prototypes', JSON.parse('{"cart":[],"__proto__":{"admin":true}}'), {}],
    ['a constructor key', { cart: [], constructor: 1 }, {}],
  ])('refuses %s and stores nothing', async (_what, data, options) => {
    await expect(shop.sessions.create(data as Shop, options)).rejects.toBeInstanceOf(PayloadError);
    expect(await shop.sessions.destroyAll()).toBe(0);
  });

  it('refuses cyclic data', async () => {
    const cart: unknown[] = [];
    cart.push(cart);
    await expect(shop.sessions.create({ cart } as Shop)).rejects.toBeInstanceOf(PayloadError);
  });

  it('refuses unknown options', async () => {
    await expect(shop.sessions.create({ cart: [] }, { user: 'u' } as object)).rejects.toBeInstanceOf(
      ConfigurationError,
    );
  });
});

describe('get', () => {
  it.each(['', 'nonsense', `${'A'.repeat(42)}B`, UNKNOWN_ID + 'A', null, undefined, 42, {}])(
    'answers null for the malformed id %j',
    async (id) => {
      expect(await shop.sessions.get(id as string)).toBeNull();
    },
  );

  it('answers null for an unknown id and never adopts it', async () => {
    expect(await shop.sessions.get(UNKNOWN_ID)).toBeNull();
    expect(await shop.sessions.get(UNKNOWN_ID)).toBeNull();
    await expect(shop.sessions.update(UNKNOWN_ID, () => undefined)).rejects.toBeInstanceOf(SessionNotFoundError);
  });

  it('is served by the primary tier from the second read on', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    expect((await shop.sessions.get(id))?.servedBy).toBe('durable');
    await settled();
    expect((await shop.sessions.get(id))?.servedBy).toBe('primary');
    expect((await shop.sessions.get(id, { consistency: 'strong' }))?.servedBy).toBe('durable');
  });

  it('refuses options that it does not know the values of', async () => {
    await expect(shop.sessions.get(UNKNOWN_ID, { consistency: 'eventual' as never })).rejects.toThrow(/consistency/);
    await expect(shop.sessions.get(UNKNOWN_ID, { touch: 'no' as never })).rejects.toThrow(/touch/);
    await expect(shop.sessions.get(UNKNOWN_ID, { consistancy: 'strong' } as never)).rejects.toThrow(/consistancy/);
    await expect(shop.sessions.get(UNKNOWN_ID, null as never)).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('lifetime', () => {
  it('ends a session that nobody used for its idle lifetime', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.platform.advance(30 * MINUTE);
    expect(await shop.sessions.get(id, { touch: false })).not.toBeNull();
    await shop.platform.advance(1);
    expect(await shop.sessions.get(id)).toBeNull();
    await expect(shop.sessions.touch(id)).rejects.toBeInstanceOf(SessionNotFoundError);
    await expect(shop.sessions.update(id, () => undefined)).rejects.toBeInstanceOf(SessionNotFoundError);
    await expect(shop.sessions.regenerate(id)).rejects.toBeInstanceOf(SessionNotFoundError);
    expect(await shop.sessions.destroy(id)).toBe(false);
  });

  it('slides with activity, in either tier, and never past the absolute deadline', async () => {
    const { id, absoluteExpiresAt } = await shop.sessions.create({ cart: [] });
    let idleExpiresAt = 0;
    for (let minutes = 0; minutes < 12 * 60; minutes += 20) {
      const session = await shop.sessions.get(id);
      expect(session, `after ${minutes} minutes`).not.toBeNull();
      expect(+(session?.idleExpiresAt ?? 0)).toBeGreaterThan(idleExpiresAt - 1);
      idleExpiresAt = +(session?.idleExpiresAt ?? 0);
      expect(idleExpiresAt).toBeLessThanOrEqual(+absoluteExpiresAt);
      await shop.platform.advance(20 * MINUTE);
    }
    expect(await shop.sessions.get(id)).toBeNull();
  });

  it('does not slide for a read that says so', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.platform.advance(20 * MINUTE);
    await shop.sessions.get(id, { touch: false });
    await shop.platform.advance(11 * MINUTE);
    expect(await shop.sessions.get(id)).toBeNull();
  });

  it('slides by touch and by update', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.platform.advance(20 * MINUTE);
    await shop.sessions.touch(id);
    await shop.platform.advance(20 * MINUTE);
    await shop.sessions.update(id, (data) => void data.cart.push('A1'));
    await shop.platform.advance(20 * MINUTE);
    expect(await shop.sessions.get(id)).not.toBeNull();
  });

  it('may be any whole number of milliseconds', async () => {
    const { id } = await shop.sessions.create({ cart: [] }, { lifetime: { idle: 1_234, absolute: 98_765 } });
    await shop.platform.advance(1_000);
    const session = await shop.sessions.update(id, (data) => void data.cart.push('A1'));
    expect(+session.idleExpiresAt - +session.lastSeenAt).toBe(1_234);
  });

  it('writes nothing for activity within a touch interval', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.platform.advance(29_000);
    await shop.sessions.get(id);
    await shop.platform.advance(500);
    expect(+((await shop.sessions.get(id))?.lastSeenAt ?? 0)).toBe(shop.platform.now() - 29_500);
    await shop.platform.advance(500);
    expect(+((await shop.sessions.get(id))?.lastSeenAt ?? 0)).toBe(shop.platform.now());
  });
});

describe('a namespace', () => {
  it('hides its sessions from every other, and ends them alone', async () => {
    const blog = shop.another({ namespace: 'blog' });
    const { id } = await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
    const post = await blog.create({ cart: [] }, { userId: 'u_42' });
    expect(await blog.get(id)).toBeNull();
    expect(await blog.listByUser('u_42')).toHaveLength(1);
    expect(await shop.sessions.destroyAll()).toBe(1);
    expect(await shop.sessions.get(id)).toBeNull();
    expect(await blog.get(post.id)).not.toBeNull();
  });
});

describe('schema', () => {
  const schema: StandardSchema<Shop> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => {
        const cart = (value as Partial<Shop>)?.cart;
        if (!Array.isArray(cart)) return { issues: [{ message: `not a cart: ${JSON.stringify(value)}` }] };
        return { value: { theme: 'light', ...(value as Shop) } };
      },
    },
  };

  it('checks what is written and quotes none of it', async () => {
    const { sessions } = await memoryClient<Shop>({ schema });
    const secret = { basket: 'canary-4711' } as never;
    const error = await sessions.create(secret).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PayloadError);
    expect(inspect(error)).not.toContain('canary');
  });

  it('refuses before anything is written, even what only reading back would show', async () => {
    const { id } = await shop.sessions.create({ cart: 'not a list' } as never);
    const strict = shop.another({ schema });
    await expect(strict.regenerate(id)).rejects.toBeInstanceOf(PayloadError);
    expect((await shop.sessions.get(id))?.revision).toBe(1);
  });

  it('keeps nobody waiting for ever where it never answers', async () => {
    const silent: StandardSchema<Shop> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ((value as Shop).cart.length > 0 ? new Promise(() => {}) : { value: value as Shop }),
      },
    };
    const { sessions, platform } = await memoryClient<Shop>({ schema: silent });
    const { id } = await sessions.create({ cart: [] });
    const stuck = sessions.update(id, ({ cart }) => void cart.push('A1'));
    const refused = expect(stuck).rejects.toThrow(/^The schema did not answer in time/);
    await platform.advance(5_000);
    await refused;
    expect((await sessions.update(id, () => undefined)).revision).toBe(2);
    await sessions.close();
  });

  it('upcasts what was written before it', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    expect((await shop.another({ schema }).get(id))?.data).toEqual({ cart: [], theme: 'light' });
  });
});

describe('what a session shows of itself', () => {
  it('is its handle and revision, however it is printed', async () => {
    const session = await shop.sessions.create(
      { cart: ['canary-item'] },
      { userId: 'canary-user', label: 'canary-label' },
    );
    const shown = [
      JSON.stringify({ session }),
      inspect(session, { depth: 9, showHidden: true }),
      inspect({ nested: [session] }, { depth: 9 }),
      JSON.stringify({ ...session }),
      String(session),
      inspect(Object.entries(session)),
    ];
    for (const text of shown) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain(session.id);
    }
    expect(shown[0]).toContain(session.handle);
    expect(shown[1]).toContain(session.handle);
  });

  it('says nothing about keys when the client is printed', () => {
    const shown = inspect(shop.sessions, { depth: 9, showHidden: true });
    expect(shown).not.toMatch(/"k"|secret|'k':/);
  });
});

describe('close', () => {
  it('waits for what is under way, and resolves for every caller only then', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    let finish = (): void => undefined;
    const update = shop.sessions.update(id, (data) => {
      data.cart.push('A1');
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await settled();
    const order: string[] = [];
    const closed = [shop.sessions.close(), shop.sessions.close()].map((close) =>
      close.then(() => order.push('closed')),
    );
    await settled();
    expect(order).toEqual([]);
    finish();
    await update.then(() => order.push('updated'));
    await Promise.all(closed);
    expect(order).toEqual(['updated', 'closed', 'closed']);
    expect((await shop.another().get(id))?.data.cart).toEqual(['A1']);
  });

  it('refuses every call afterwards and may be called again', async () => {
    const { id } = await shop.sessions.create({ cart: [] });
    await shop.sessions.close();
    await shop.sessions.close();
    await expect(shop.sessions.get(id)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('is what `await using` calls', async () => {
    let kept;
    {
      await using sessions = shop.another();
      await sessions.ready();
      kept = sessions;
    }
    await expect(kept.ready()).rejects.toThrow(/closed/);
  });
});

describe('many unknown ids', () => {
  it('are all null', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => shop.sessions.get(newSessionId(shop.platform))),
    );
    expect(answers.every((answer) => answer === null)).toBe(true);
  });
});
