import { expect, it } from 'vitest';
import { SHARED_STATEMENT_BYTES_MAX } from '../../../../../src/limits/durable-tier.ts';
import { systemPlatform } from '../../../../../src/platform/platform.ts';
import { prismaTier } from '../../../../../src/tiers/prisma/index.ts';

it('reads of large sessions share statements in smaller numbers, once it is seen how large they are', async () => {
  const envelope = new Uint8Array(SHARED_STATEMENT_BYTES_MAX / 4);
  const asked: number[] = [];
  const client = {
    $queryRawUnsafe: async (text: string, ...values: unknown[]) => {
      const keys = values.filter((value) => value instanceof Uint8Array);
      if (text.includes('envelope')) asked.push(keys.length);
      return keys.map((storageKey) => aRow(storageKey, envelope));
    },
    $executeRawUnsafe: async () => 1,
    $transaction: async () => {},
  };
  const tier = prismaTier(client, { provider: 'sqlite' });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 1_000 }).catch(() => {});
  const readMany = () => Promise.all(Array.from({ length: 10 }, (_, n) => tier.sessions.read(Buffer.alloc(32, n))));
  await readMany();
  expect(asked).toEqual([10]);
  await readMany();
  expect(asked).toEqual([10, 4, 4, 2]);
});

function aRow(storageKey: Uint8Array, envelope: Uint8Array) {
  const times = { created_at: 1n, last_seen_at: 1n, idle_lifetime: 1n, idle_expires_at: 1n, absolute_expires_at: 1n };
  return { storage_key: storageKey, user_key: null, envelope, revision: 1n, key_id: new Uint8Array(8), ...times };
}
