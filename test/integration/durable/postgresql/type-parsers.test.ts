import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../src/index.ts';
import { realClient } from '../../../support/real-client.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../../support/shared.ts';

const { BOOL, INT4, INT8, NUMERIC, TEXT, TIMESTAMPTZ } = pg.types.builtins;

type Parser = (text: string) => unknown;
type Type = (typeof pg.types.builtins)[keyof typeof pg.types.builtins];

let restore = (): void => {};
afterEach(() => restore());

/** Has every client of `pg` in this process parse a type in this way, as applications do. */
function setParser(type: Type, parser: Parser): void {
  const before = pg.types.getTypeParser(type) as Parser;
  restore = () => pg.types.setTypeParser(type, before);
  pg.types.setTypeParser(type, parser);
}

async function newClient() {
  const database = await freshDatabase('postgresql');
  const sessions = await realClient({ redis: sharedRedis(), database, namespace: uniqueNamespace() });
  const close = async (): Promise<void> => {
    await sessions.close();
    await database.close();
  };
  return { sessions, [Symbol.asyncDispose]: close };
}

it.each<[string, Type, Parser]>([
  ['bigint as BigInt', INT8, BigInt],
  ['integer as BigInt', INT4, BigInt],
  ['boolean as an object', BOOL, (text) => ({ text })],
  ['boolean as its text', BOOL, (text) => text],
  ['text as an object', TEXT, (text) => ({ text })],
  ['text in capitals', TEXT, (text) => text.toUpperCase()],
])(
  'an application that has pg read %s is refused at the start, with the cause and the cure',
  async (_, type, parser) => {
    await using client = await newClient();
    setParser(type, parser);
    const error = await client.sessions.ready().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toMatch(/`pg\.types\.setTypeParser`.*option `types` of `pg`.*\(type-parser\)/);
    expect((await client.sessions.health()).durable).toMatchObject({ state: 'down', reason: 'type-parser' });
    restore();
    await client.sessions.ready();
    const { id } = await client.sessions.create({ cart: ['A1'] });
    expect((await client.sessions.get(id, { consistency: 'strong' }))?.data.cart).toEqual(['A1']);
  },
);

it.each<[string, Type, Parser]>([
  ['bigint as number', INT8, Number],
  ['numeric as number', NUMERIC, Number],
  ['timestamps as text', TIMESTAMPTZ, (text) => text],
])('an application that has pg read %s is served', async (_, type, parser) => {
  await using client = await newClient();
  setParser(type, parser);
  await client.sessions.ready();
  const { id } = await client.sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
  expect((await client.sessions.update(id, (data) => void data.cart.push('B2'))).revision).toBe(2);
  expect(await client.sessions.listByUser('u_42')).toHaveLength(1);
  expect(await client.sessions.destroy(id)).toBe(true);
});

it('a parser that comes later takes the database out of use by that name, until it is gone', async () => {
  await using client = await newClient();
  await client.sessions.ready();
  const { id } = await client.sessions.create({ cart: ['A1'] });
  setParser(INT8, BigInt);
  await expect
    .poll(async () => (await client.sessions.health()).durable, { timeout: 30_000 })
    .toMatchObject({ state: 'down', reason: 'type-parser' });
  restore();
  await expect
    .poll(async () => (await client.sessions.get(id, { consistency: 'strong' }).catch(() => null))?.data.cart, {
      timeout: 30_000,
    })
    .toEqual(['A1']);
});
