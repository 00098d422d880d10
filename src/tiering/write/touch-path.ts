import { TOUCH_FLUSH_MS } from '../../limits/session.ts';
import { aliveAt, idleDeadline, touchIntervalFor } from '../../session/lifetime.ts';
import type { RecordState } from '../../session/sealed-record.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { refreshCopy } from './refresh-copy.ts';

/** True if moving the idle deadline is worth a write: it has not moved for a touch interval. */
export function isTouchDue(context: TieringContext, record: SessionRecord, lastSeenAt: number): boolean {
  const intervalMs = touchIntervalFor(record.idleLifetimeMs, context.touchIntervalMs);
  return context.platform.now() - lastSeenAt >= intervalMs;
}

/**
 * Moves the idle deadline in the durable tier, which thereby returns the truth: the primary tier's copy of that
 * envelope is stamped anew, an older one is evicted. Null if the session is gone. One statement, one script.
 */
export async function touch(
  context: TieringContext,
  storageKey: Buffer,
  record: SessionRecord,
): Promise<RecordState | null> {
  const { platform, primary, durable } = context;
  const now = platform.now();
  const stamp = primary.stamp(storageKey);
  const state = await durable.sessions.touch({
    storageKey,
    lastSeenAt: now,
    aliveAt: aliveAt(now, touchIntervalFor(record.idleLifetimeMs, context.touchIntervalMs)),
    longestPauseMs: 0,
  });
  context.background.run('upkeep', refreshCopy(context, storageKey, state, stamp));
  return state;
}

/** A deadline that is nearer must not wait for other touches: half of a long idle lifetime, all of one that is as short as the wait. */
function nearMs(idleLifetimeMs: number): number {
  return Math.max(idleLifetimeMs / 2, 2 * TOUCH_FLUSH_MS);
}

/**
 * Returns the session as it is after this use of it. A touch that is due is written within a second, together with those of other
 * sessions; where the deadline is near, at once, or another node might call the session ended.
 */
export function slide(context: TieringContext, session: LivingSession): LivingSession {
  const { storageKey, record } = session;
  if (!isTouchDue(context, record, session.lastSeenAt)) return session;
  const { platform, pendingTouches } = context;
  const now = platform.now();
  pendingTouches.add(storageKey, record, now);
  if (session.idleExpiresAt - now < nearMs(record.idleLifetimeMs)) pendingTouches.flush();
  const idleExpiresAt = idleDeadline(now, record.idleLifetimeMs, record.absoluteExpiresAt);
  return { ...session, lastSeenAt: now, idleExpiresAt };
}
