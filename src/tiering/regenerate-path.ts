import { tombstoneTtl } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import { newWriteId, type TieringContext } from './context.ts';
import { writableSince } from './write-path.ts';

export interface Regeneration {
  readonly previousStorageKey: Buffer;
  /** No copy under the old key outlives this. */
  readonly previousAbsoluteExpiresAt: number;
  readonly record: SealedRecord;
  readonly idleLifetimeMs: number;
}

/**
 * Hold on the old key, one UPDATE that moves the row, tombstone on the old key. At no time do both ids work. The first
 * read of the new id fills it. False if another write came first or the session is gone; the hold then runs out by itself.
 */
export async function regenerate(context: TieringContext, regeneration: Regeneration): Promise<boolean> {
  const { platform, primary, durable } = context;
  const { previousStorageKey, previousAbsoluteExpiresAt, record, idleLifetimeMs } = regeneration;
  // A hold takes the copy out of use: not for a write that is certain to fail.
  durable.refuseIfDown();
  await primary.hold(previousStorageKey);
  const hasMoved = await durable.regenerate({
    record,
    previousStorageKey,
    writeId: newWriteId(platform),
    aliveAt: writableSince(context, idleLifetimeMs),
    regeneratedAt: platform.now(),
  });
  if (!hasMoved) return false;
  await primary.tombstone(previousStorageKey, tombstoneTtl(previousAbsoluteExpiresAt, platform.now()));
  return true;
}
