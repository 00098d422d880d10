import { REVISION_MAX, TOUCH_FLUSH_MS } from '../../limits/session.ts';
import { aliveAt, idleDeadline, primaryTtl, touchIntervalFor } from '../../session/lifetime.ts';
import type { RecordState } from '../../session/sealed-record.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { Stamp } from '../../tiers/primary.ts';
import type { LivingSession, TieringContext } from '../context.ts';

/** Whether moving the idle deadline is worth a write: it has not moved for a touch interval. */
export function isTouchDue(context: TieringContext, record: SessionRecord, lastSeenAt: number): boolean {
  const intervalMs = touchIntervalFor(record.idleLifetimeMs, context.touchIntervalMs);
  return context.platform.now() - lastSeenAt >= intervalMs;
}

/**
 * Moves the idle deadline in the durable tier, which thereby says what the truth is: the primary tier's copy of that
 * envelope is stamped anew, an older one is evicted. Null if the session is gone. One statement, one script.
 */
export async function touch(
  context: TieringContext,
  storageKey: Buffer,
  record: SessionRecord,
): Promise<RecordState | null> {
  const { platform, primary, durable } = context;
  const now = platform.now();
  const stamp = primary.stamp();
  const state = await durable.sessions.touch({
    storageKey,
    lastSeenAt: now,
    aliveAt: aliveAt(now, touchIntervalFor(record.idleLifetimeMs, context.touchIntervalMs)),
    longestPauseMs: 0,
  });
  context.background.run('upkeep', spread(context, storageKey, state, stamp));
  return state;
}

/** Tells the primary tier what the durable tier said of a session when `stamp` was taken. */
export async function spread(
  context: Pick<TieringContext, 'platform' | 'primary'>,
  storageKey: Buffer,
  state: RecordState | null,
  stamp: Stamp | null,
): Promise<void> {
  const { platform, primary } = context;
  const ttlMs = state === null ? 0 : primaryTtl(state, platform.now());
  if (state === null || ttlMs <= 0) {
    await primary.evict(storageKey, REVISION_MAX);
  } else if (stamp !== null) {
    const { revision, tag, lastSeenAt, idleExpiresAt } = state;
    await primary.restamp(storageKey, { revision, tag, stamp, lastSeenAt, idleExpiresAt, ttlMs });
  }
}

/** A deadline that is nearer must not wait for other touches: half of a long life, all of one that is as short as the wait. */
function nearMs(idleLifetimeMs: number): number {
  return Math.max(idleLifetimeMs / 2, 2 * TOUCH_FLUSH_MS);
}

/**
 * The session as it is after this use of it. A touch that is due is told within a second, together with those of other
 * sessions; where the deadline is near, at once, or another node might call the session ended.
 */
export function slide(context: TieringContext, session: LivingSession): LivingSession {
  const { storageKey, record } = session;
  if (!isTouchDue(context, record, session.lastSeenAt)) return session;
  const { platform, background, pendingTouches } = context;
  const now = platform.now();
  pendingTouches.add(storageKey, record, now);
  if (session.idleExpiresAt - now < nearMs(record.idleLifetimeMs)) background.run('touch', pendingTouches.flush());
  const idleExpiresAt = idleDeadline(now, record.idleLifetimeMs, record.absoluteExpiresAt);
  return { ...session, lastSeenAt: now, idleExpiresAt };
}
