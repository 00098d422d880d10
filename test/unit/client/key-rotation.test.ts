import { expect, it } from 'vitest';
import { addKey, KeyRing, promoteKey } from '../../../src/index.ts';
import { memoryDurableTier, type MemoryDatabase } from '../../../src/tiers/memory/index.ts';
import { memoryClient } from '../../support/memory-client.ts';

interface Shop {
  cart: string[];
}

const rings = (async () => {
  const old = await KeyRing.generate();
  const added = await addKey(old);
  return { old, added, promoted: promoteKey(added) };
})();

async function shopWith(keys: KeyRing) {
  const database: MemoryDatabase = new Map();
  const shop = await memoryClient<Shop>({ keys, durable: memoryDurableTier(database) });
  const node = (ring: KeyRing) => shop.another({ keys: ring, durable: memoryDurableTier(database) });
  const keyIds = () => [...database.values()].map(({ keyId }) => keyId.toString('hex'));
  return { sessions: shop.sessions, node, keyIds };
}

const idOf = (ring: KeyRing): string => ring.sealingKey.keyId.toString('hex');

it('a session from before a rotation opens with the old key, and is sealed with the new one once it is written', async () => {
  const { old, promoted } = await rings;
  const shop = await shopWith(old);
  const { id } = await shop.sessions.create({ cart: ['A1'] });
  const after = shop.node(promoted);
  expect((await after.get(id))?.data.cart).toEqual(['A1']);
  expect(shop.keyIds()).toEqual([idOf(old)]);
  await after.update(id, ({ cart }) => void cart.push('B2'));
  expect(shop.keyIds()).toEqual([idOf(promoted)]);
  expect((await after.get(id, { consistency: 'strong' }))?.data.cart).toEqual(['A1', 'B2']);
});

it('a node that has the new key pending opens what another already seals with it', async () => {
  const { old, added, promoted } = await rings;
  const shop = await shopWith(old);
  const { id } = await shop.node(promoted).create({ cart: ['A1'] });
  expect((await shop.node(added).get(id))?.data.cart).toEqual(['A1']);
});

it('a node without the key asks for a retry, and never says that there is no session', async () => {
  const { old, promoted } = await rings;
  const shop = await shopWith(old);
  const { id } = await shop.node(promoted).create({ cart: [] }, { userId: 'u_42' });
  const refusal = { code: 'HOLDFAST_ENVELOPE', reason: 'unknown-key', retryable: true };
  await expect(shop.sessions.get(id)).rejects.toMatchObject(refusal);
  await expect(shop.sessions.update(id, () => ({ cart: ['A1'] }))).rejects.toMatchObject(refusal);
});

it('a user is found under either ring', async () => {
  const { old, promoted } = await rings;
  const shop = await shopWith(old);
  await shop.sessions.create({ cart: [] }, { userId: 'u_42' });
  await shop.node(promoted).create({ cart: [] }, { userId: 'u_42' });
  expect(await shop.node(promoted).listByUser('u_42')).toHaveLength(2);
  expect(await shop.sessions.destroyByUser('u_42')).toBe(2);
});
