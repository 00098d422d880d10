import { OutcomeUnknownError } from '../../errors.ts';
import { LATECOMER_TIMEOUTS } from '../../limits/durable-tier.ts';
import { aliveAt, primaryTtl, touchIntervalFor } from '../../session/lifetime.ts';
import { envelopeTag, type SealedRecord } from '../../session/sealed-record.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { InsertOutcome, UpdateCommand } from '../../tiers/durable.ts';
import type { Stamp } from '../../tiers/primary.ts';
import { announceLostRevocation } from '../background.ts';
import { newWriteId, type TieringContext } from '../context.ts';
import type { LostInsert } from '../recovery/inserts-in-doubt.ts';
import { entomb, newRevocation } from './revocation.ts';
import { UNREACHED } from '../guard/unreached.ts';
import { orUnknown, settle } from './unknown-outcome.ts';

/** A session is `named` if the caller chose its id, and so knows it before the session exists. */
export type Naming = 'fresh' | 'named';

/**
 * Stores a new session with one INSERT. Nothing goes to the primary tier: the first read fills it, so no copy can be there before the truth is.
 *
 * An INSERT whose answer is lost is not sent again: if the first one was stored, and the session has got another key since, the second
 * would make the old key live again. A fresh session is given up instead, and what the INSERT may have left is revoked, since no caller
 * has its id yet. A session that the caller named may be in use, so it stays, unless its end is asked for.
 */
export async function create(context: TieringContext, record: SealedRecord, naming: Naming): Promise<InsertOutcome> {
  const { durable, platform } = context;
  if (naming === 'named' && (await isKnownDead(context, record.storageKey))) return 'ended';
  const writeId = newWriteId(platform);
  const command = { record, writeId, validUntil: durable.validUntil(), aliveAt: platform.now() };
  try {
    return await durable.sessions.insert(command);
  } catch (error) {
    if (!(error instanceof OutcomeUnknownError)) throw error;
    // Copied: a part of the envelope would keep the whole of it.
    const tag = Buffer.from(envelopeTag(record.envelope));
    const lost = { storageKey: record.storageKey, writeId, tag, validUntil: command.validUntil };
    if (naming === 'fresh') giveUp(context, lost, false);
    else context.insertsInDoubt.add(lost);
    throw error;
  }
}

/** A tombstone outlives its row where rows of ended sessions are deleted early, and would hide a new session behind it. */
async function isKnownDead({ primary, pendingRevocations }: TieringContext, storageKey: Buffer): Promise<boolean> {
  if (pendingRevocations.refuses(storageKey)) return true;
  const entry = await primary.read(storageKey);
  return entry !== UNREACHED && entry.kind === 'tombstone';
}

/**
 * Revokes what the INSERT may have left, once it can no longer come: it would stand in its user's device list. What another
 * write left under the same key stays, and is served meanwhile, unless the end of the session was asked for.
 */
export function giveUp(context: TieringContext, lost: LostInsert, isEndAskedFor: boolean): void {
  const { pendingRevocations, durableTimeoutMs } = context;
  const { storageKey } = lost;
  const isOwed = pendingRevocations.add({
    storageKey,
    refused: isEndAskedFor ? 'insert' : null,
    isKnown: true,
    delayMs: isEndAskedFor ? 0 : LATECOMER_TIMEOUTS * durableTimeoutMs,
    mayBeEarly: true,
    attempt: () => revokeGivenUp(context, lost),
  });
  if (!isOwed) announceLostRevocation(storageKey);
}

/** Rejects while the INSERT may still come, or where what it left is still there. */
async function revokeGivenUp(context: TieringContext, lost: LostInsert): Promise<void> {
  const { storageKey, writeId, validUntil } = lost;
  const { durable } = context;
  // Asked first: an INSERT that came between the two would be missed.
  const isOver = validUntil === null || (await durable.isPast(validUntil));
  const command = { ...newRevocation(context, storageKey, true), writtenBy: writeId };
  const { answer: revoked } = await settle(() => durable.sessions.revoke(command));
  if (revoked !== null) await entomb(context, revoked);
  else if (!isOver || (await isLeft(context, lost))) throw new OutcomeUnknownError();
}

/** True if the row is what the INSERT made: its revocation came too late. A write after it seals another envelope. */
async function isLeft({ durable }: TieringContext, { storageKey, tag }: LostInsert): Promise<boolean> {
  const state = await durable.sessions.readState(storageKey);
  return state !== null && state.tag.equals(tag);
}

/** The part of the replaced record that a write compares. */
export type Replaced = Pick<SessionRecord, 'idleLifetimeMs' | 'tag'>;

/** Replaces a record: one compare-and-swap in the durable tier, then one publish. False if another write came first or the session is gone. */
export async function update(context: TieringContext, record: SealedRecord, replaced: Replaced): Promise<boolean> {
  const { platform, primary, durable } = context;
  const stamp = primary.stamp(record.storageKey);
  const command: UpdateCommand = {
    record,
    writeId: newWriteId(platform),
    validUntil: durable.validUntil(),
    ...conditionsOf(context, replaced),
    dirty: stamp === null,
  };
  try {
    if (!(await isApplied(context, command))) return false;
  } catch (error) {
    if (error instanceof OutcomeUnknownError) await primary.evict(record.storageKey, record.revision);
    throw error;
  }
  const isPublished = (await publish(context, record, stamp)) !== UNREACHED;
  if (!isPublished && !command.dirty) await markDirty(context, record.storageKey);
  return true;
}

/** True or false for certain, or throws `OutcomeUnknownError`: the caller's function must not run again on a guess. */
async function isApplied({ durable }: TieringContext, command: UpdateCommand): Promise<boolean> {
  const { answer, isRepeat } = await settle(() => durable.sessions.update(command));
  if (answer || !isRepeat) return answer;
  const state = await orUnknown(durable.sessions.readState(command.record.storageKey));
  // The repeat did not find itself: another write took the revision, so ours can never have it.
  if (state?.revision === command.record.revision) return false;
  throw new OutcomeUnknownError();
}

/**
 * Replaces the older copy, if there is one. Without a stamp from before the write (the primary tier came back meanwhile)
 * the new one could not be dated honestly, so the older copy is only taken away.
 */
function publish(context: TieringContext, record: SealedRecord, stamp: Stamp | null): Promise<unknown> {
  const { platform, primary } = context;
  const { storageKey, revision, lastSeenAt, idleExpiresAt, envelope } = record;
  const ttlMs = primaryTtl(record, platform.now());
  if (stamp === null || ttlMs <= 0) return primary.evict(storageKey, revision);
  return primary.publish(storageKey, { revision, stamp, lastSeenAt, idleExpiresAt, envelope, ttlMs });
}

/**
 * Lets every node know, within the feed's second, that a copy may be stale. The write itself is done; if even this fails,
 * its bound cannot be promised, and the call must not succeed.
 */
export function markDirty(context: TieringContext, storageKey: Buffer): Promise<void> {
  return orUnknown(context.durable.feed.markDirty(storageKey));
}

/** Returns what a write expects of the row besides its revision. */
export function conditionsOf(
  { platform, touchIntervalMs }: TieringContext,
  { tag, idleLifetimeMs }: Replaced,
): Pick<UpdateCommand, 'aliveAt' | 'replaces'> {
  return { replaces: tag ?? null, aliveAt: aliveAt(platform.now(), touchIntervalFor(idleLifetimeMs, touchIntervalMs)) };
}
