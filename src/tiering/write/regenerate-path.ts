import { OutcomeUnknownError } from '../../errors.ts';
import { tombstoneTtl } from '../../session/lifetime.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type { RegenerateCommand } from '../../tiers/durable.ts';
import { newWriteId, type TieringContext } from '../context.ts';
import { UNREACHED } from '../guard/unreached.ts';
import { orUnknown, settle } from './unknown-outcome.ts';
import { conditionsOf, giveUp, markDirty, type Replaced } from './write-path.ts';

export interface Regeneration {
  readonly previousStorageKey: Buffer;
  /** No copy under the old key outlives this. */
  readonly previousAbsoluteExpiresAt: number;
  readonly record: SealedRecord;
  readonly replaced: Replaced;
}

/**
 * Places a hold on the old key, moves the row with one UPDATE, and entombs the old key. At no time do both ids work. The first
 * read of the new id fills it. False if another write came first or the session is gone; the hold then runs out by itself.
 */
export async function regenerate(context: TieringContext, regeneration: Regeneration): Promise<boolean> {
  const { platform, primary, durable } = context;
  const { previousStorageKey, previousAbsoluteExpiresAt, record, replaced } = regeneration;
  // A hold takes the copy out of use: not for a write that is certain to fail.
  durable.refuseIfDown();
  const isHeld = (await primary.hold(previousStorageKey)) !== UNREACHED;
  const hasMoved = await isMoved(context, {
    record,
    previousStorageKey,
    writeId: newWriteId(platform),
    validUntil: durable.validUntil(),
    ...conditionsOf(context, replaced),
    regeneratedAt: platform.now(),
    dirty: !isHeld,
  });
  if (!hasMoved) return false;
  // The application named the session, and asked again where the answer was lost: what may still come would bring the old id back.
  const inDoubt = context.insertsInDoubt.take(previousStorageKey);
  if (inDoubt !== null) giveUp(context, inDoubt, true);
  const ttlMs = tombstoneTtl(previousAbsoluteExpiresAt, platform.now());
  const isEntombed = (await primary.tombstone(previousStorageKey, ttlMs)) !== UNREACHED;
  if (isHeld && !isEntombed) await markDirty(context, record.storageKey);
  return true;
}

/** True or false for certain, or throws `OutcomeUnknownError`. No other write knows the new key: a row that has it was moved by this one. */
async function isMoved({ durable }: TieringContext, command: RegenerateCommand): Promise<boolean> {
  const { answer, isRepeat } = await settle(() => durable.sessions.regenerate(command));
  if (answer || !isRepeat) return answer;
  if ((await orUnknown(durable.sessions.readState(command.record.storageKey))) !== null) return true;
  const old = await orUnknown(durable.sessions.readState(command.previousStorageKey));
  if (old !== null && old.revision >= command.record.revision) return false;
  throw new OutcomeUnknownError();
}
