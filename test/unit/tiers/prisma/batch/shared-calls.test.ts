import { expect, it } from 'vitest';
import { SHARED_CHANGE_ROWS_MIN, SHARED_STATEMENT_BYTES_MAX } from '../../../../../src/limits/durable-tier.ts';
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

it('touches that arrive together share one statement, up to the number that is worth another', async () => {
  const rows: number[] = [];
  const client = {
    $queryRawUnsafe: async (_text: string, ...values: unknown[]) => {
      const keys = values.find((value) => value instanceof Uint8Array);
      rows.push((keys?.length ?? 0) / 32);
      return [];
    },
    $executeRawUnsafe: async () => 1,
    $transaction: async () => {},
  };
  const tier = prismaTier(client, { provider: 'postgresql' });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 1_000 }).catch(() => {});
  rows.length = 0;
  const times = { lastSeenAt: 1, aliveAt: 0, longestPauseMs: 0 };
  const touch = (_: unknown, n: number) => tier.sessions.touch({ storageKey: Buffer.alloc(32, n), ...times });
  await Promise.allSettled(Array.from({ length: SHARED_CHANGE_ROWS_MIN }, touch));
  expect(rows).toEqual([SHARED_CHANGE_ROWS_MIN]);
});

function aRow(storageKey: Uint8Array, envelope: Uint8Array) {
  const times = { created_at: 1n, last_seen_at: 1n, idle_lifetime: 1n, idle_expires_at: 1n, absolute_expires_at: 1n };
  return { storage_key: storageKey, user_key: null, envelope, revision: 1n, key_id: new Uint8Array(8), ...times };
}
