import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../errors.ts';
import { LIFETIME_MS_MAX, PREVIOUS_KEY_LOOKUP_MS } from '../limits.ts';
import { hasEnded, tombstoneTtl } from '../session/lifetime.ts';
import type { RevokedRow } from '../tiers/tier.ts';
import { newWriteId, type TieringContext } from './context.ts';
import type { PendingRevocations } from './pending-revocations.ts';
import { UNREACHED } from './primary-guard.ts';

/**
 * Hold, revoke the row, tombstone. The hold keeps readers from filling a copy of what is about to die; the tombstone,
 * written after the commit, survives whatever the hold did not. True if the session was alive.
 */
export async function destroy(
  context: TieringContext,
  pending: PendingRevocations,
  storageKey: Buffer,
): Promise<boolean> {
  await context.primary.hold(storageKey);
  const revoked = await revoke(context, pending, storageKey);
  if (revoked !== null) return entomb(context, revoked);
  // A logout that raced a regenerate carries the id from before it, and must log out all the same.
  const since = context.platform.now() - PREVIOUS_KEY_LOOKUP_MS;
  const movedTo = await context.durable.findRegenerated(storageKey, since);
  return movedTo === null ? false : destroy(context, pending, movedTo);
}

async function revoke(
  context: TieringContext,
  pending: PendingRevocations,
  storageKey: Buffer,
): Promise<RevokedRow | null> {
  const { platform, primary, durable } = context;
  try {
    return await durable.revoke(storageKey, newWriteId(platform), platform.now());
  } catch (error) {
    if (!(error instanceof TierUnavailableError) && !(error instanceof OutcomeUnknownError)) throw error;
    // How long the session would live is written in the row that cannot be read: entomb it for the longest life there is.
    if ((await primary.tombstone(storageKey, LIFETIME_MS_MAX)) === UNREACHED) throw error;
    pending.add(storageKey);
    throw new RevocationNotDurableError();
  }
}

/** Makes the primary tier refuse the session for the rest of its absolute life. True if it was alive until now. */
export async function entomb(context: TieringContext, revoked: RevokedRow): Promise<boolean> {
  const now = context.platform.now();
  await context.primary.tombstone(revoked.storageKey, tombstoneTtl(revoked.absoluteExpiresAt, now));
  return !hasEnded(revoked, now);
}
