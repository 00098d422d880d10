import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionClient } from '../../../src/index.ts';
import {
  memoryDurableTier,
  memoryPrimaryTier,
  type MemoryDatabase,
  type MemoryKeyspace,
} from '../../../src/tiers/memory/index.ts';
import { interceptDurable } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
}

describe('a session that was read a moment ago, when the database is asked for it again', () => {
  let database: MemoryDatabase;
  let keyspace: MemoryKeyspace;
  let sessions: SessionClient<Shop>;
  let other: SessionClient<Shop>;
  /** What each read of the row said to know. */
  let known: (Buffer | undefined)[];
  let id: string;

  beforeEach(async () => {
    database = new Map();
    keyspace = new Map();
    known = [];
    const durable = interceptDurable(memoryDurableTier(database));
    durable.override('sessions.read', (own, ...args) => {
      known.push(args[1] as Buffer | undefined);
      return own(...args);
    });
    const shop = await memoryClient<Shop>({ primary: memoryPrimaryTier(keyspace), durable: durable.tier });
    sessions = shop.sessions;
    other = shop.another({ durable: memoryDurableTier(database), primary: memoryPrimaryTier(keyspace) });
    ({ id } = await sessions.create({ cart: ['A1'] }));
    await read();
  });

  it('need not be sent its envelope again', async () => {
    const [row] = database.values();
    expect(await read()).toEqual(['A1']);
    expect(known).toEqual([undefined, row?.envelope]);
  });

  it('is what another node has made of it', async () => {
    await other.update(id, ({ cart }) => void cart.push('B2'));
    expect(await read()).toEqual(['A1', 'B2']);
    expect(await read()).toEqual(['A1', 'B2']);
  });

  it('is what a restored database has made of it, though at the same revision', async () => {
    const backup = [...database];
    await other.update(id, ({ cart }) => void cart.push('lost'));
    expect(await read()).toEqual(['A1', 'lost']);
    for (const [key, row] of backup) database.set(key, row);
    keyspace.clear();
    await other.update(id, ({ cart }) => void cart.push('new'));
    expect(await read()).toEqual(['A1', 'new']);
  });

  it('is gone when another node has ended it', async () => {
    await other.destroy(id);
    keyspace.clear();
    expect(await sessions.get(id)).toBeNull();
  });

  /** Redis has lost everything meanwhile. */
  async function read(): Promise<readonly string[] | undefined> {
    keyspace.clear();
    return (await sessions.get(id))?.data.cart;
  }
});
