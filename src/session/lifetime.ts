import {
  CLOCK_SKEW_MS,
  TOUCH_FLUSH_MS,
  TOUCH_INTERVAL_IDLE_FRACTION,
  TOUCH_INTERVAL_MS_MAX,
} from '../limits/session.ts';

/** The idle deadline of a session seen at `lastSeenAt`: never later than its absolute one. */
export function idleDeadline(lastSeenAt: number, idleLifetimeMs: number, absoluteExpiresAt: number): number {
  return Math.min(lastSeenAt + idleLifetimeMs, absoluteExpiresAt);
}

/** How old `lastSeenAt` must be before moving it is worth a write. */
export function touchIntervalFor(idleLifetimeMs: number, configuredMs: number = TOUCH_INTERVAL_MS_MAX): number {
  return Math.min(configuredMs, Math.floor(idleLifetimeMs * TOUCH_INTERVAL_IDLE_FRACTION));
}

/**
 * The point in time that a stored deadline must not have passed for a write to be accepted. It lies behind `now` by what
 * a touch may be late plus what clocks may differ: the durable tier must never call a session dead that a user may use.
 */
export function aliveAt(now: number, touchIntervalMs: number): number {
  return now - touchIntervalMs - TOUCH_FLUSH_MS - CLOCK_SKEW_MS;
}

/** Whether a session with these deadlines has ended at `now`, as its user is told. */
export function hasEnded(deadlines: { idleExpiresAt: number; absoluteExpiresAt: number }, now: number): boolean {
  return now > deadlines.idleExpiresAt || now >= deadlines.absoluteExpiresAt;
}

/** How long the primary tier may keep a copy: past the idle deadline by what clocks may differ, never past the absolute one. */
export function primaryTtl(deadlines: { idleExpiresAt: number; absoluteExpiresAt: number }, now: number): number {
  return Math.min(deadlines.idleExpiresAt + CLOCK_SKEW_MS, deadlines.absoluteExpiresAt) - now;
}

/** How long a tombstone has to stand: no copy of the session outlives its absolute deadline. */
export function tombstoneTtl(absoluteExpiresAt: number, now: number): number {
  return Math.max(absoluteExpiresAt - now, 0) + CLOCK_SKEW_MS;
}
