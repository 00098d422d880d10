import { OutcomeUnknownError } from '../errors.ts';
import { aliveAt, primaryTtl, touchIntervalFor } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { Stamp } from '../tiers/tier.ts';
import { newWriteId, type TieringContext } from './context.ts';

/** One INSERT. Nothing goes to the primary tier: the first read fills it, so no copy can be there before the truth is. */
export async function create(context: TieringContext, record: SealedRecord): Promise<void> {
  const isInserted = await context.durable.insert(record, newWriteId(context.platform));
  // 256 random bits do not collide; a row that is there already can only be this one, written by a lost attempt.
  if (!isInserted) throw new OutcomeUnknownError();
}

/** One compare-and-swap in the durable tier, then one publish. False if another write came first or the session is gone. */
export async function update(context: TieringContext, record: SealedRecord, idleLifetimeMs: number): Promise<boolean> {
  const { platform, primary, durable } = context;
  const stamp = primary.stamp();
  const command = { record, writeId: newWriteId(platform), aliveAt: writableSince(context, idleLifetimeMs) };
  try {
    if (!(await durable.update(command))) return false;
  } catch (error) {
    if (error instanceof OutcomeUnknownError) await primary.evict(record.storageKey, record.revision);
    throw error;
  }
  await publish(context, record, stamp);
  return true;
}

/**
 * Replaces the older copy, if there is one. Without a stamp from before the write (the primary tier came back meanwhile)
 * the new one could not be dated honestly, so the older copy is only taken away.
 */
async function publish(context: TieringContext, record: SealedRecord, stamp: Stamp | null): Promise<void> {
  const { platform, primary } = context;
  const { storageKey, revision, lastSeenAt, idleExpiresAt, envelope } = record;
  const ttlMs = primaryTtl(record, platform.now());
  if (stamp === null || ttlMs <= 0) await primary.evict(storageKey, revision);
  else await primary.publish(storageKey, { revision, stamp, lastSeenAt, idleExpiresAt, envelope, ttlMs });
}

export function writableSince(context: TieringContext, idleLifetimeMs: number): number {
  return aliveAt(context.platform.now(), touchIntervalFor(idleLifetimeMs, context.touchIntervalMs));
}
