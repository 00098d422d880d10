import { primaryTtl } from '../../session/lifetime.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type { PrimaryValue, Stamp } from '../../tiers/primary.ts';
import { newLeaseToken, type LivingSession, type TieringContext } from '../context.ts';
import type { ReadOptions } from './copy.ts';
import { readRow, sessionOfRow } from './durable-read.ts';

/**
 * Reads the durable tier and stores a copy, unless another reader is about to or a mutation came between. `over` is the value
 * that the primary tier has, null where it has none.
 */
export async function fill(
  context: TieringContext,
  storageKey: Buffer,
  over: PrimaryValue | null,
  options: ReadOptions,
): Promise<LivingSession | null> {
  const { primary, platform, background } = context;
  const token = newLeaseToken(platform);
  const isLeased = (await primary.lease(storageKey, token, over)) === true;
  const stamp = isLeased ? primary.stamp(storageKey) : null;
  const row = await readRow(context, storageKey);
  if (row === null) return null;
  const session = sessionOfRow(context, row, options);
  if (session !== null && stamp !== null) background.run('upkeep', store(context, row, token, stamp));
  return session;
}

async function store(context: TieringContext, row: SealedRecord, token: string, stamp: Stamp): Promise<void> {
  const ttlMs = primaryTtl(row, context.platform.now());
  if (ttlMs <= 0) return;
  const { storageKey, revision, lastSeenAt, idleExpiresAt, envelope } = row;
  await context.primary.fill(storageKey, token, { revision, stamp, lastSeenAt, idleExpiresAt, envelope, ttlMs });
}
