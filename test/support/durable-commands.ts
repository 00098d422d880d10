import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import { type PrismaClientLike, type PrismaProvider, prismaTier } from '../../src/tiers/prisma/index.ts';
import type {
  DurableTier,
  InsertCommand,
  RegenerateCommand,
  RevokeCommand,
  RevokedRow,
  RevokeManyCommand,
  RevokeManyOutcome,
  TouchCommand,
  UpdateCommand,
} from '../../src/tiers/durable.ts';

export const NOW = 1_764_000_000_000;
export const HOUR = 3_600_000;

export async function openTier(client: PrismaClientLike, provider: PrismaProvider, timeoutMs = 5_000) {
  const tier = prismaTier(client, { provider });
  await tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs });
  return tier;
}

export function aRecord(changes: Partial<SealedRecord> = {}): SealedRecord {
  return {
    storageKey: randomBytes(32),
    userKey: randomBytes(32),
    revision: 1,
    envelope: randomBytes(200),
    keyId: randomBytes(8),
    createdAt: NOW,
    lastSeenAt: NOW,
    idleLifetimeMs: HOUR,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
    ...changes,
  };
}

export async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record = aRecord(changes);
  expect(await tier.sessions.insert(insertion(record))).toBe('inserted');
  return record;
}

export const anytime = () => ({ writeId: randomBytes(16), validUntil: null });

export function insertion(record: SealedRecord): InsertCommand {
  return { record, ...anytime(), aliveAt: NOW };
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

export function touchOf({ storageKey, lastSeenAt }: SealedRecord): TouchCommand {
  return { storageKey, lastSeenAt: lastSeenAt + 1, aliveAt: NOW, longestPauseMs: 0 };
}

export function revocation({ storageKey }: SealedRecord): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: true };
}

export function revokeAll(of: RevokeManyCommand['of']): RevokeManyCommand {
  return { of, except: null, after: Buffer.alloc(0), limit: 100, ...anytime(), revokedAt: NOW };
}

/** The rows of `revokeMany`, which was in time. */
export async function revokedRows(outcome: Promise<RevokeManyOutcome>): Promise<readonly RevokedRow[]> {
  const rows = await outcome;
  if (rows === 'late') throw new Error('The end of many came too late.');
  return rows;
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
