import { beforeEach, describe, expect, it } from 'vitest';
import { PayloadError, type Serializer, type StandardSchema } from '../../../src/index.ts';
import { MEMO_LIFETIME_MS } from '../../../src/limits/codec.ts';
import { settled } from '../../support/fake-platform.ts';
import { memoryClient, type MemoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
  theme?: string;
}

const options = (theme: string): Pick<Shop, 'theme'> => ({ theme });

/** A schema that makes something else of what was stored. */
function schemaOf<Output>(make: (stored: Shop) => Output): StandardSchema<unknown, Output> & { runs: number } {
  const schema = {
    runs: 0,
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => {
        schema.runs += 1;
        return { value: make(value as Shop) };
      },
    },
  };
  return schema;
}

let shop: MemoryClient<Shop>;
beforeEach(async () => {
  shop = await memoryClient<Shop>();
});

describe('session.data', () => {
  it('is one frozen object for all who read a session, from either tier, until it changes', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const first = await shop.sessions.get(id);
    await settled();
    const second = await shop.sessions.get(id);
    expect([first?.servedBy, second?.servedBy]).toEqual(['durable', 'primary']);
    expect(second?.data).toBe(first?.data);
    expect((await shop.sessions.get(id, { consistency: 'strong' }))?.data).toBe(first?.data);
    const updated = await shop.sessions.update(id, ({ cart }) => void cart.push('B2'));
    expect(updated.data).not.toBe(first?.data);
    expect(first?.data).toEqual({ cart: ['A1'] });
    expect((await shop.sessions.get(id))?.data).toBe(updated.data);
  });

  it('follows what another node writes', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: ['A1'] });
    await settled();
    const other = shop.another();
    await other.update(id, ({ cart }) => void cart.push('B2'));
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: ['A1', 'B2'] });
  });

  it.each([
    ['the memo', {}],
    ['no memo', { memo: false as const }],
  ])('throws when a reader changes it, at any depth, with %s', async (_what, more) => {
    const { sessions } = await memoryClient<{ cart: { sku: string }[] }>(more);
    const created = await sessions.create({ cart: [{ sku: 'A1' }] });
    const read = await sessions.get(created.id);
    for (const session of [created, read, await sessions.regenerate(created.id)]) {
      const data = session?.data as unknown as { cart: { sku: string }[]; theme?: string };
      expect(() => data.cart.push({ sku: 'B2' })).toThrow(TypeError);
      expect(() => ((data.cart[0] as { sku: string }).sku = 'B2')).toThrow(TypeError);
      expect(() => (data.theme = 'dark')).toThrow(TypeError);
    }
  });

  it('is another object once the envelope is forgotten, and the old one stays as it is', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const first = await shop.sessions.get(id);
    await shop.platform.advance(MEMO_LIFETIME_MS);
    const second = await shop.sessions.get(id);
    expect(second?.data).not.toBe(first?.data);
    expect(second?.data).toEqual(first?.data);
  });

  it('is parsed for each reader where the memo has no room for it', async () => {
    const { sessions } = await memoryClient<Record<string, number>[]>({ memo: { bytes: 64 * 1024 } });
    // Each key costs a hidden class: 0.4 KB of text, 64 KiB of heap.
    const { id } = await sessions.create(Array.from({ length: 60 }, (_, n) => ({ [`k${n}`]: n, [`l${n}`]: n })));
    const big = await sessions.create(Array.from({ length: 600 }, (_, n) => ({ [`k${n}`]: n })));
    const read = async (which: string) => (await sessions.get(which))?.data;
    expect(await read(id)).toBe(await read(id));
    expect(await read(big.id)).not.toBe(await read(big.id));
    expect(await read(big.id)).toEqual(await read(big.id));
  });

  it('is frozen as a primitive, too', async () => {
    const { sessions } = await memoryClient<string | null>();
    const { id } = await sessions.create('A1');
    expect((await sessions.get(id))?.data).toBe('A1');
    expect((await sessions.replace(id, null, { revision: 1 })).data).toBeNull();
    expect((await sessions.get(id))?.data).toBeNull();
  });
});

describe('session.data through a schema', () => {
  it('is shared and frozen where its output is plain, and the schema is asked once for an envelope', async () => {
    const schema = schemaOf((stored) => ({ ...options('light'), ...stored }));
    const { sessions } = await memoryClient<Shop>({ schema });
    const { id } = await sessions.create({ cart: ['A1'] });
    const first = await sessions.get(id);
    const { runs } = schema;
    const second = await sessions.get(id);
    expect(second?.data).toBe(first?.data);
    expect(schema.runs).toBe(runs);
    expect(first?.data).toEqual({ cart: ['A1'], theme: 'light' });
    expect(Object.isFrozen(first?.data.cart)).toBe(true);
    const updated = await sessions.update(id, ({ cart }) => void cart.push('B2'));
    expect((await sessions.get(id))?.data).toBe(updated.data);
  });

  it('freezes no object of the application that the schema puts in', async () => {
    const defaults = { cart: [] as string[] };
    const { sessions } = await memoryClient<Shop>({ schema: schemaOf((stored) => ({ ...defaults, ...stored })) });
    const { id } = await sessions.create({} as Shop);
    expect(Object.isFrozen((await sessions.get(id))?.data.cart)).toBe(true);
    expect(Object.isFrozen(defaults.cart)).toBe(false);
  });

  it.each([
    [
      'an instance of a class',
      () =>
        new (class Cart {
          items = 1;
        })(),
    ],
    ['a date', () => new Date(0)],
    ['a map', () => new Map([['a', 1]])],
    ['a function', () => () => 1],
    ['an accessor', () => Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
    ['a symbol as a key', () => ({ [Symbol('a')]: 1 })],
    ['a hidden property', () => Object.defineProperty({}, 'a', { value: 1 })],
    ['a property of an array', () => Object.assign([1], { a: 1 })],
    ['a cycle', () => cyclic()],
  ])('is each reader’s own where its output holds %s', async (_what, make) => {
    const { sessions } = await memoryClient<{ special: unknown }>({ schema: upcastOnRead(make) });
    const { id } = await sessions.create({ special: 1 });
    const [one, other] = [await sessions.get(id), await sessions.get(id)];
    expect(one?.data).not.toBe(other?.data);
    expect(Object.isFrozen(one?.data)).toBe(false);
  });
});

describe('session.data by another serializer', () => {
  it('is each reader’s own', async () => {
    const { sessions } = await memoryClient<Shop>({ serializer });
    const { id } = await sessions.create({ cart: ['A1'] });
    const [one, other] = [await sessions.get(id), await sessions.get(id)];
    expect(one?.data).not.toBe(other?.data);
    (one as unknown as { data: Shop }).data.cart.push('only here');
    expect(other?.data.cart).toEqual(['A1']);
    expect((await sessions.get(id))?.data.cart).toEqual(['A1']);
  });
});

describe('the draft of an update', () => {
  it('is private: nobody sees it before it is stored, nor if it fails', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const before = await shop.sessions.get(id);
    const failing = shop.sessions.update(id, ({ cart }) => {
      cart.push('B2');
      throw new Error('sold out');
    });
    await expect(failing).rejects.toThrow('sold out');
    expect((await shop.sessions.get(id))?.data).toBe(before?.data);
    expect(before?.data.cart).toEqual(['A1']);
  });

  it.each<[string, (draft: Shop) => unknown]>([
    ['a number, as push does', ({ cart }) => cart.push('B2')],
    ['a boolean', ({ cart }) => cart.includes('A1')],
    ['a string', ({ cart }) => cart.pop()],
    ['null', () => null],
    ['an array, as splice does', ({ cart }) => cart.splice(0, 1)],
    ['a part of the draft, as an assignment does', (draft) => (draft.cart = ['B2'])],
    ['a part of the draft that the whole could be', (draft) => ((draft as { next?: Shop }).next = { cart: ['B2'] })],
    ['a number, later', async ({ cart }) => cart.push('B2')],
  ])('is not replaced by what the function returned by accident: %s', async (_what, change) => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const error: unknown = await shop.sessions.update(id, change as () => Shop).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PayloadError);
    expect((error as Error).message).toContain('({ cart }) => { cart.push(7); }');
    expect((await shop.sessions.get(id))?.data).toEqual({ cart: ['A1'] });
  });

  it('may be returned itself, or a copy of it with some of its parts', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const { data } = await shop.sessions.update(id, (draft) => Object.assign(draft, options('dark')));
    expect(data).toEqual({ cart: ['A1'], theme: 'dark' });
    expect((await shop.sessions.update(id, ({ cart }) => ({ cart }))).data).toEqual({ cart: ['A1'] });
  });

  it('waits for what can be awaited and is no Promise, such as a query', async () => {
    const { id } = await shop.sessions.create({ cart: ['A1'] });
    const query = (cart: string[]): PromiseLike<Shop> => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then: (resolve) => Promise.resolve({ cart }).then(resolve),
    });
    expect((await shop.sessions.update(id, () => query(['B2']))).data).toEqual({ cart: ['B2'] });
  });

  it('may be replaced by any kind of value where the data is no object', async () => {
    const { sessions } = await memoryClient();
    const { id } = await sessions.create(7);
    expect((await sessions.update(id, (n) => (n as number) + 1)).data).toBe(8);
    expect((await sessions.update(id, () => [1])).data).toEqual([1]);
    expect((await sessions.update(id, () => ({ a: 1 }))).data).toEqual({ a: 1 });
  });
});

const serializer: Serializer = {
  id: 2,
  serialize: (data) => Buffer.from(JSON.stringify(data)),
  parse: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
};

/** Leaves alone what is written, and makes something special of what is read. */
function upcastOnRead(make: () => unknown): StandardSchema<unknown, { special: unknown }> {
  let isWritten = false;
  return schemaOf((value) => {
    const special = isWritten ? make() : 1;
    isWritten = true;
    return { ...value, special };
  });
}

function cyclic(): unknown {
  const self: { self?: unknown } = {};
  self.self = self;
  return self;
}
