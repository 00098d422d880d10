import { ConfigurationError, SessionNotFoundError } from '../errors.ts';
import { describe } from '../platform/duration.ts';
import { hasEnded } from '../session/lifetime.ts';
import { isSessionId, storageKeyOf } from '../session/session-id.ts';
import type { LivingSession } from '../tiering/context.ts';
import { Session } from './session.ts';

/** The session that a call is for: its id, or the session itself as an earlier call returned it, which saves the first read. */
export type SessionRef<T> = Session<T> | string;

/** A session that a call names. */
export interface Named {
  readonly id: string;
  readonly storageKey: Buffer;
  /** The session as the caller has it; undefined where there is only an id. */
  readonly living: LivingSession | undefined;
}

/** True if the session has ended by then. */
export function hasEndedBy({ idleExpiresAt, record: { absoluteExpiresAt } }: LivingSession, now: number): boolean {
  return hasEnded({ idleExpiresAt, absoluteExpiresAt }, now);
}

/**
 * The session as the caller has it, unless it has ended by then: then only the tiers know whether somebody else has
 * prolonged it.
 */
export function stillLiving({ living }: Named, now: number): LivingSession | undefined {
  return living === undefined || hasEndedBy(living, now) ? undefined : living;
}

/**
 * True for a session id, false for any other text. Answering "no session" to a programmer's mistake would log somebody out.
 * @throws {ConfigurationError} for a `Session` or a promise, which no request can contain.
 */
export function isIdFor(what: string, id: unknown): id is string {
  if (isSessionId(id)) return true;
  if (!(id instanceof Promise) && Session.inHand(id) === undefined) return false;
  throw new ConfigurationError(`${what}: expected a session id, such as session.id, but got ${describe(id)}.`);
}

/** Null for a malformed id, which names no session. Throws `ConfigurationError` for what is neither. */
export function findNamed(what: string, ref: unknown): Named | null {
  const inHand = Session.inHand(ref);
  if (inHand !== undefined) return { ...inHand, storageKey: inHand.living.storageKey };
  if (isSessionId(ref)) return { id: ref, storageKey: storageKeyOf(ref), living: undefined };
  if (typeof ref === 'object' && ref !== null) {
    throw new ConfigurationError(`${what}: expected a session id or a Session that this package returned.`);
  }
  return null;
}

/** The same for calls that need a session. */
export function requireNamed(what: string, ref: unknown): Named {
  const named = findNamed(what, ref);
  if (named === null) throw new SessionNotFoundError();
  return named;
}
