import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../errors.ts';
import { PENDING_TOMBSTONE_TTL_MS, PREVIOUS_KEY_LOOKUP_MS } from '../limits.ts';
import { hasEnded, tombstoneTtl } from '../session/lifetime.ts';
import type { RevokeCommand, RevokedRow } from '../tiers/tier.ts';
import { newWriteId, type TieringContext } from './context.ts';
import { UNREACHED } from './primary-guard.ts';
import { settle } from './unknown-outcome.ts';
import { markDirty } from './write-path.ts';

/** Where a destroy goes that the durable tier could not be told of. */
export interface RevocationBacklog {
  /** False if nobody will try again. */
  add(storageKey: Buffer): boolean;
}

/**
 * Hold, revoke the row, tombstone. The hold keeps readers from filling a copy of what is about to die; the tombstone,
 * written after the commit, survives whatever the hold did not. True if the session was alive.
 */
export async function destroy(
  context: TieringContext,
  pending: RevocationBacklog,
  storageKey: Buffer,
): Promise<boolean> {
  const isHeld = (await context.primary.hold(storageKey)) !== UNREACHED;
  const revoked = await revoke(context, pending, storageKey, !isHeld);
  if (revoked !== null) {
    const isEntombed = await entomb(context, revoked);
    if (isHeld && !isEntombed) await markDirty(context, storageKey);
    return !hasEnded(revoked, context.platform.now());
  }
  // A logout that raced a regenerate carries the id from before it, and must log out all the same.
  const since = context.platform.now() - PREVIOUS_KEY_LOOKUP_MS;
  const movedTo = await context.durable.findRegenerated(storageKey, since);
  return movedTo === null ? false : destroy(context, pending, movedTo);
}

async function revoke(
  context: TieringContext,
  pending: RevocationBacklog,
  storageKey: Buffer,
  dirty: boolean,
): Promise<RevokedRow | null> {
  const command = newRevocation(context, storageKey, dirty);
  try {
    const { answer, isRepeat } = await settle(() => context.durable.revoke(command));
    // A repeat that found nothing may have come too late; only a row that is gone is as good as revoked.
    if (answer !== null || !isRepeat || (await context.durable.readState(storageKey)) === null) return answer;
    throw new OutcomeUnknownError();
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
