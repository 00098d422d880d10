import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../errors.ts';
import { PENDING_TOMBSTONE_TTL_MS, PREVIOUS_KEY_LOOKUP_MS } from '../limits.ts';
import { hasEnded, tombstoneTtl } from '../session/lifetime.ts';
import type { RevokeCommand, RevokedRow } from '../tiers/tier.ts';
import { newWriteId, type RevocationBacklog, type TieringContext } from './context.ts';
import { UNREACHED } from './primary-guard.ts';
import { settle } from './unknown-outcome.ts';
import { markDirty } from './write-path.ts';

/** True if the session was alive, under this key or one that it has got lately. */
export async function destroy(
  context: TieringContext,
  pending: RevocationBacklog,
  storageKey: Buffer,
): Promise<boolean> {
  const wasAlive = await destroyAt(context, pending, storageKey);
  if (wasAlive !== null) return wasAlive;
  // A logout that raced a regenerate carries the id from before it, and must log out all the same.
  const movedTo = await findMoved(context, storageKey);
  return movedTo === null ? false : destroy(context, pending, movedTo);
}

/** Where a session is now that was under this key lately. */
export function findMoved({ durable, platform }: TieringContext, storageKey: Buffer): Promise<Buffer | null> {
  return durable.findRegenerated(storageKey, platform.now() - PREVIOUS_KEY_LOOKUP_MS);
}

/**
 * Hold, revoke the row, tombstone. The hold keeps readers from filling a copy of what is about to die; the tombstone,
 * written after the commit, survives whatever the hold did not. Whether the session was alive; null if none is under this key.
 */
export async function destroyAt(
  context: TieringContext,
  pending: RevocationBacklog,
  storageKey: Buffer,
): Promise<boolean | null> {
  const isHeld = (await context.primary.hold(storageKey)) !== UNREACHED;
  const revoked = await revoke(context, pending, storageKey, !isHeld);
  if (revoked === null) return null;
  const isEntombed = await entomb(context, revoked);
  if (isHeld && !isEntombed) await markDirty(context, storageKey);
  return !hasEnded(revoked, context.platform.now());
}

async function revoke(
  context: TieringContext,
  pending: RevocationBacklog,
  storageKey: Buffer,
  dirty: boolean,
): Promise<RevokedRow | null> {
  const command = newRevocation(context, storageKey, dirty);
  try {
    return await settleRevocation(context, command);
  } catch (error) {
    if (!(error instanceof TierUnavailableError) && !(error instanceof OutcomeUnknownError)) throw error;
    const wasUsable = context.primary.stamp() !== null;
    const isEntombed = (await context.primary.tombstone(storageKey, PENDING_TOMBSTONE_TTL_MS)) !== UNREACHED;
    if (!isEntombed && !wasUsable) throw error;
    if (!pending.add(storageKey)) throw new OutcomeUnknownError();
    // A tombstone whose answer was lost may stand all the same.
    throw isEntombed ? new RevocationNotDurableError() : new OutcomeUnknownError();
  }
}

/**
 * Null if there is no such row. A statement that came too late for its deadline finds nothing either (it was slow, or the
 * database's clock was set forward), and only a row that is gone is as good as revoked.
 */
export async function settleRevocation(
  { durable }: TieringContext,
  command: RevokeCommand,
): Promise<RevokedRow | null> {
  const { answer } = await settle(() => durable.revoke(command));
  if (answer !== null || (await durable.readState(command.storageKey)) === null) return answer;
  throw new OutcomeUnknownError();
}

export function newRevocation(context: TieringContext, storageKey: Buffer, dirty: boolean): RevokeCommand {
  const { platform, durable } = context;
  const writeId = newWriteId(platform);
  return { storageKey, dirty, writeId, revokedAt: platform.now(), validUntil: durable.validUntil() };
}

/** Makes the primary tier refuse the session for the rest of its absolute life. False if it was not reached. */
export async function entomb({ primary, platform }: TieringContext, revoked: RevokedRow): Promise<boolean> {
  const ttlMs = tombstoneTtl(revoked.absoluteExpiresAt, platform.now());
  return (await primary.tombstone(revoked.storageKey, ttlMs)) !== UNREACHED;
}
