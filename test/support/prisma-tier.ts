import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type {
  DurableTier,
  RegenerateCommand,
  RevokeCommand,
  RevokeManyCommand,
  TouchCommand,
} from '../../src/tiers/durable.ts';
import { anytime, NOW, write } from '../../src/testing/durable/records.ts';
import { inTransaction } from './row-locks.ts';
import { type FreshDatabase } from './shared.ts';

export { anytime, aRecord, insert, insertion, NOW, write, writeId } from '../../src/testing/durable/records.ts';

export const TIMEOUT_MS = 600;

/** One time-out, and what a busy machine adds to it; the driver itself would give up after 4 s. */
export const BOUND_MS = 3_000;

export function tierOf(database: FreshDatabase): DurableTier {
  return prismaTier(database.prisma, { provider: database.provider });
}

export function open(tier: DurableTier, timeoutMs = TIMEOUT_MS): Promise<void> {
  return tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs });
}

/** The first connection and the first query of a client cost more than a statement: they get the default time-out. */
export async function expectOpenFailure(tier: DurableTier, kind: string, reason: string): Promise<void> {
  expect(await failureOf(() => open(tier, 5_000))).toMatchObject({ kind, reason });
}

export async function expectFailure(call: () => Promise<unknown>, kind: string, reason: string): Promise<void> {
  const startedAt = performance.now();
  expect(await failureOf(call)).toMatchObject({ kind, reason });
  expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
}

export async function failureOf(call: () => Promise<unknown>): Promise<{ kind: string; reason: string }> {
  try {
    await call();
  } catch (error) {
    expect(error).toMatchObject({ code: 'HOLDFAST_TIER_FAILURE' });
    return error as { kind: string; reason: string };
  }
  return { kind: 'none', reason: 'it succeeded' };
}

export function nameOf(database: FreshDatabase): string {
  return new URL(database.url).pathname.slice(1);
}

/** Holds the row's lock in a transaction of its own, which moves the row to `newKey` if there is one. */
export function lockRow(
  database: Parameters<typeof inTransaction>[0],
  { storageKey }: SealedRecord,
  newKey = storageKey,
) {
  const sql = 'UPDATE holdfast_session SET storage_key = $2 WHERE storage_key = $1';
  return inTransaction(database, sql, [storageKey, newKey]);
}

/** How the database goes about the statement that this call sends. */
export async function planOf(
  database: FreshDatabase,
  explain: 'EXPLAIN' | 'EXPLAIN QUERY PLAN',
  call: (tier: DurableTier) => Promise<unknown>,
): Promise<string> {
  let isOpen = false;
  const plans: unknown[] = [];
  const note = async (text: string, values: unknown[]) => {
    plans.push(...(await prisma.$queryRawUnsafe<unknown[]>(`${explain} ${text}`, ...values)));
    throw new Error('explained');
  };
  // libsql keeps a lock after it explained a write.
  await using client = await database.open();
  const { prisma } = client;
  const tier = prismaTier(
    {
      $queryRawUnsafe: (text, ...values) => (isOpen ? note(text, values) : prisma.$queryRawUnsafe(text, ...values)),
      $executeRawUnsafe: (text, ...values) => (isOpen ? note(text, values) : prisma.$executeRawUnsafe(text, ...values)),
      $transaction: async () => {},
    },
    { provider: database.provider },
  );
  await open(tier, 5_000);
  isOpen = true;
  await failureOf(() => call(tier));
  return plans.map((row) => Object.values(row as object).join(' ')).join('\n');
}

/** As many as share one statement. */
export const many = <T>(call: () => Promise<T>): Promise<T>[] => Array.from({ length: 12 }, call);

export function successor(record: SealedRecord): SealedRecord {
  return { ...record, revision: record.revision + 1, envelope: randomBytes(200) };
}

export function moveOn(record: SealedRecord): RegenerateCommand {
  return move({ ...successor(record), storageKey: randomBytes(32) }, record);
}

export function touchOf({ storageKey, lastSeenAt }: SealedRecord): TouchCommand {
  return { storageKey, lastSeenAt, aliveAt: NOW, longestPauseMs: 0 };
}

export function revocation({ storageKey }: SealedRecord): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: true };
}

export function move(record: SealedRecord, { storageKey }: SealedRecord): RegenerateCommand {
  return { ...write(record), previousStorageKey: storageKey, regeneratedAt: NOW };
}

export function revokeAll(of: RevokeManyCommand['of']): RevokeManyCommand {
  return { of, except: null, after: Buffer.alloc(0), limit: 100, ...anytime(), revokedAt: NOW };
}
