import { hasEnded } from '../../session/lifetime.ts';
import type { RecordState } from '../../session/sealed-record.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { refreshCopy } from '../write/refresh-copy.ts';
import { isTouchDue, touch } from '../write/touch-path.ts';
import { isCopyOf, type Copy } from './copy.ts';
import { fill } from './fill.ts';

/** Asks the durable tier whether the copy is still the truth: for its revision, tag and deadlines, not for the envelope. */
export async function confirm(context: TieringContext, copy: Copy): Promise<LivingSession | null> {
  const { storageKey, record, value, options } = copy;
  const state = await readState(context, copy);
  if (state === null || hasEnded(state, context.platform.now())) {
    const wasBehind = await context.pendingTouches.flushOne(storageKey);
    return wasBehind ? confirm(context, copy) : null;
  }
  if (!isCopyOf(state, value)) return fill(context, storageKey, value, options);
  const { lastSeenAt, idleExpiresAt } = state;
  return { storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'durable' };
}

/** Reads the state. If a touch is due, its statement returns the state as well, but it must not revive what has ended for the user. */
async function readState(
  context: TieringContext,
  { storageKey, record, value, options }: Copy,
): Promise<RecordState | null> {
  const { platform, primary, durable, background } = context;
  const hasIdled = platform.now() > value.idleExpiresAt;
  if (options.touch && !hasIdled && isTouchDue(context, record, value.lastSeenAt)) {
    return touch(context, storageKey, record);
  }
  const stamp = primary.stamp(storageKey);
  const state = await durable.sessions.readState(storageKey);
  // If the row has another revision, `confirm` fills over the copy. For that the copy must stay as it is.
  if (state === null || isCopyOf(state, value)) {
    background.run('upkeep', refreshCopy(context, storageKey, state, stamp));
  }
  return state;
}
