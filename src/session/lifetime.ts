import {
  CLOCK_SKEW_MS,
  TOUCH_FLUSH_MS,
  TOUCH_INTERVAL_IDLE_FRACTION,
  TOUCH_INTERVAL_MS_MAX,
} from '../limits/session.ts';

/** Returns the idle deadline of a session seen at `lastSeenAt`, at most its absolute deadline. */
export function idleDeadline(lastSeenAt: number, idleLifetimeMs: number, absoluteExpiresAt: number): number {
  return Math.min(lastSeenAt + idleLifetimeMs, absoluteExpiresAt);
}

/** Returns the age of `lastSeenAt` at which moving it is worth a write, in milliseconds. */
export function touchIntervalFor(idleLifetimeMs: number, configuredMs: number = TOUCH_INTERVAL_MS_MAX): number {
  return Math.min(configuredMs, Math.floor(idleLifetimeMs * TOUCH_INTERVAL_IDLE_FRACTION));
}

/**
 * Returns the moment that a stored deadline must not have passed for a write to be accepted. It lies behind `now` by
 * the latest touch and the clock differences: the durable tier must never end a session that a user may use.
 */
export function aliveAt(now: number, touchIntervalMs: number): number {
  return now - touchIntervalMs - TOUCH_FLUSH_MS - CLOCK_SKEW_MS;
}

/** Returns true once a session with these deadlines has ended for its user. */
export function hasEnded(deadlines: { idleExpiresAt: number; absoluteExpiresAt: number }, now: number): boolean {
  return now > deadlines.idleExpiresAt || now >= deadlines.absoluteExpiresAt;
}

/**
 * Returns how long the primary tier may keep a copy, in milliseconds: past the idle deadline by clock differences,
 * never past the absolute deadline.
 */
export function primaryTtl(deadlines: { idleExpiresAt: number; absoluteExpiresAt: number }, now: number): number {
  return Math.min(deadlines.idleExpiresAt + CLOCK_SKEW_MS, deadlines.absoluteExpiresAt) - now;
}

/** Returns the milliseconds that a tombstone has to stand: no copy of the session outlives its absolute deadline. */
export function tombstoneTtl(absoluteExpiresAt: number, now: number): number {
  return Math.max(absoluteExpiresAt - now, 0) + CLOCK_SKEW_MS;
}
