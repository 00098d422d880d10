import { OutcomeUnknownError, RevocationNotDurableError, TierUnavailableError } from '../../errors.ts';
import { PREVIOUS_KEY_LOOKUP_MS } from '../../limits/durable-tier.ts';
import { PENDING_TOMBSTONE_TTL_MS, PENDING_UNKNOWN_TOMBSTONE_TTL_MS } from '../../limits/recovery.ts';
import { REVISION_MAX } from '../../limits/session.ts';
import { hasEnded } from '../../session/lifetime.ts';
import type { MovedRow, RevokedRow } from '../../tiers/durable.ts';
import type { TieringContext } from '../context.ts';
import { UNREACHED } from '../guard/unreached.ts';
import { entomb, newRevocation, settleRevocation } from './revocation.ts';
import { giveUp, markDirty } from './write-path.ts';

/**
 * Ends a session. True if it was alive, under this key or one that it has got lately. Looks for the row before anything else: an id
 * that was made up costs reads, which are shared. A session that the caller has seen (`isKnown`) is not looked for.
 */
export async function destroy(context: TieringContext, storageKey: Buffer, isKnown = false): Promise<boolean> {
  if (isKnown || (await isThere(context, storageKey))) {
    const wasAlive = await destroyAt(context, storageKey);
    if (wasAlive !== null) {
      context.insertsInDoubt.take(storageKey);
      return wasAlive;
    }
  }
  // A logout that raced a regenerate carries the id from before it, and must log out all the same.
  const moved = await findMoved(context, storageKey);
  await dropCopy(context, storageKey);
  const inDoubt = context.insertsInDoubt.take(storageKey);
  // What may still come under this key would bring the session back, wherever it has moved.
  if (inDoubt !== null) giveUp(context, inDoubt, true);
  if (moved !== null) return destroy(context, moved.storageKey);
  if (inDoubt === null) return false;
  throw new OutcomeUnknownError();
}

/**
 * Finds where a session is now that was under this key lately, even a revoked one: its tombstone may not have reached Redis yet, and
 * the copy under its present key must not outlive the answer to a `destroy`.
 */
export function findMoved({ durable, platform }: TieringContext, storageKey: Buffer): Promise<MovedRow | null> {
  return durable.sessions.findRegenerated(storageKey, platform.now() - PREVIOUS_KEY_LOOKUP_MS);
}

/**
 * Places a hold, revokes the row, and entombs. The hold keeps readers from filling a copy of what is about to die; the tombstone,
 * written after the commit, survives whatever the hold did not. True if the session was alive; null if none has this key.
 */
export async function destroyAt(context: TieringContext, storageKey: Buffer): Promise<boolean | null> {
  const isHeld = (await context.primary.hold(storageKey)) !== UNREACHED;
  const revoked = await revoke(context, storageKey, !isHeld);
  if (revoked === null) return null;
  const isEntombed = await entomb(context, revoked);
  if (isHeld && !isEntombed) await markDirty(context, storageKey);
  return !hasEnded(revoked, context.platform.now());
}

/** True if the durable tier has the session, or, where it does not answer, the primary tier shows that there ever was one. */
async function isThere(context: TieringContext, storageKey: Buffer): Promise<boolean> {
  try {
    return (await context.durable.sessions.readState(storageKey)) !== null;
  } catch (error) {
    if (!(error instanceof TierUnavailableError)) throw error;
    const entry = await context.primary.read(storageKey);
    if (entry !== UNREACHED && (entry.kind === 'value' || entry.kind === 'hold')) return true;
    throw await endInPrimaryAlone(context, storageKey, false, error);
  }
}

/**
 * Evicts the copy of a row that is gone or has moved, or was revoked by a node whose tombstone is still on its way, or went to another
 * master: what a reader of the old row stored, or is about to, must not outlive the answer. Called after the row was looked for, so
 * that no reader comes between.
 */
async function dropCopy({ primary }: TieringContext, storageKey: Buffer): Promise<void> {
  const entry = await primary.read(storageKey);
  if (entry === UNREACHED || (entry.kind !== 'value' && entry.kind !== 'lease')) return;
  await primary.evict(storageKey, REVISION_MAX);
}

async function revoke(context: TieringContext, storageKey: Buffer, dirty: boolean): Promise<RevokedRow | null> {
  try {
    return await settleRevocation(context, newRevocation(context, storageKey, dirty));
  } catch (error) {
    if (!(error instanceof TierUnavailableError) && !(error instanceof OutcomeUnknownError)) throw error;
    throw await endInPrimaryAlone(context, storageKey, true, error);
  }
}

/**
 * Ends a session without the durable tier, and returns the error for the caller. An id that neither tier knows is entombed only where
 * its revocation finds room: attackers can make up as many as they like.
 */
async function endInPrimaryAlone(
  context: TieringContext,
  storageKey: Buffer,
  isKnown: boolean,
  error: Error,
): Promise<Error> {
  const { primary, platform, pendingRevocations } = context;
  if (primary.stamp(storageKey) === null) return error;
  const askedAt = platform.now();
  const attempt = (): Promise<void> => revokeLater(context, storageKey, askedAt);
  const owed = { storageKey, refused: 'session', isKnown, delayMs: 0, mayBeEarly: true, attempt } as const;
  const isOwed = pendingRevocations.add(owed);
  if (!isOwed && !isKnown) return error;
  const ttlMs = isKnown ? PENDING_TOMBSTONE_TTL_MS : PENDING_UNKNOWN_TOMBSTONE_TTL_MS;
  const isEntombed = (await primary.tombstoneAlone(storageKey, ttlMs)) !== UNREACHED;
  // A tombstone whose answer was lost may stand all the same.
  return isOwed && isEntombed ? new RevocationNotDurableError() : new OutcomeUnknownError();
}

/**
 * Ends in the durable tier the session whose end was asked for at `askedAt`, also if it has moved to another key since. Marks its row
 * for the dirty feed: if the primary tier has lost the tombstone and been given a copy again, and this node does not reach it, another
 * node takes the copy away.
 */
async function revokeLater(context: TieringContext, storageKey: Buffer, askedAt: number): Promise<void> {
  const { durable } = context;
  if ((await durable.sessions.readState(storageKey)) !== null) {
    const revoked = await settleRevocation(context, newRevocation(context, storageKey, true));
    if (revoked !== null) return void (await entomb(context, revoked));
  }
  const moved = await durable.sessions.findRegenerated(storageKey, askedAt - PREVIOUS_KEY_LOOKUP_MS);
  await dropCopy(context, storageKey);
  if (moved !== null) await revokeLater(context, moved.storageKey, askedAt);
  // Rejects, so that it is looked for again.
  if (context.insertsInDoubt.has(storageKey)) throw new OutcomeUnknownError();
}
