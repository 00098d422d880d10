import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StandardSchema } from '../../../src/index.ts';
import { memoryClient, type MemoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
}

const schema: StandardSchema<Shop> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (Array.isArray((value as Shop).cart) ? { value: value as Shop } : { issues: [{}] }),
  },
};

let shop: MemoryClient<Shop>;
const rejected: unknown[] = [];
const note = (message: unknown): void => void rejected.push(message);

beforeEach(async () => {
  shop = await memoryClient<Shop>();
  rejected.length = 0;
  subscribe('holdfast:envelope-rejected', note);
});

afterEach(() => void unsubscribe('holdfast:envelope-rejected', note));

async function handlesOf(sessions: MemoryClient<Shop>['sessions']): Promise<string[]> {
  const handles: string[] = [];
  for await (const { handle } of sessions.all()) handles.push(handle);
  return handles.toSorted();
}

it('all() leaves out and announces a session whose data the schema refuses, and goes on', async () => {
  const good = [await shop.sessions.create({ cart: [] }), await shop.sessions.create({ cart: ['A1'] })];
  const { handle } = await shop.sessions.create({ basket: [] } as never);
  expect(await handlesOf(shop.sessions)).toHaveLength(3);
  expect(await handlesOf(shop.another({ schema }))).toEqual(good.map((session) => session.handle).toSorted());
  expect(rejected).toEqual([{ tier: 'durable', reason: 'schema', handle }]);
});

it('all() leaves out and announces a session whose envelope was altered', async () => {
  const altered = await shop.sessions.create({ cart: ['A1'] });
  for (const { envelope } of shop.database.values()) envelope.reverse();
  const { handle } = await shop.sessions.create({ cart: [] });
  expect(await handlesOf(shop.sessions)).toEqual([handle]);
  expect(rejected).toEqual([{ tier: 'durable', reason: 'malformed', handle: altered.handle }]);
});
