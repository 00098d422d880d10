import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import { type PrismaClientLike, type PrismaProvider, prismaTier } from '../../src/tiers/prisma/index.ts';
import { anytime, NOW } from '../../src/testing/durable/records.ts';
import type { RegenerateCommand, RevokeCommand, RevokeManyCommand, UpdateCommand } from '../../src/tiers/durable.ts';

export { aRecord, HOUR, insert, insertion, NOW, revokedRows, touchOf } from '../../src/testing/durable/records.ts';

export async function openTier(client: PrismaClientLike, provider: PrismaProvider, timeoutMs = 5_000) {
  const tier = prismaTier(client, { provider });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs });
  return tier;
}

export function successor(record: SealedRecord): SealedRecord {
  return { ...record, revision: record.revision + 1, envelope: randomBytes(200) };
}

/** The write after `record`. */
export function change(record: SealedRecord): UpdateCommand {
  return { record: successor(record), ...anytime(), dirty: false, aliveAt: NOW, replaces: null };
}

export function move(record: SealedRecord): RegenerateCommand {
  const next = { ...successor(record), storageKey: randomBytes(32) };
  return { ...change(record), record: next, previousStorageKey: record.storageKey, regeneratedAt: NOW };
}

export function revocation({ storageKey }: SealedRecord): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: true };
}

export function revokeAll(of: RevokeManyCommand['of']): RevokeManyCommand {
  return { of, except: null, after: Buffer.alloc(0), limit: 100, ...anytime(), revokedAt: NOW };
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
