import type { EnvelopeErrorReason, TierRole } from '../errors.ts';

/** The facts of the audit stream, `holdfast:audit`. They name sessions by handle and users by user key. */

/** The one who ended a session, or the rule that did. */
export type EndedBy =
  | 'application'
  | 'everywhere'
  | 'key-revocation'
  | 'logout'
  | 'old-store'
  | 'operator'
  | 'other-device'
  | 'other-user'
  | 'session-limit'
  | 'undelivered';

/** The words of `EndedBy`. */
export const ENDED_BY: readonly EndedBy[] = Object.keys({
  application: 0,
  everywhere: 0,
  'key-revocation': 0,
  logout: 0,
  'old-store': 0,
  operator: 0,
  'other-device': 0,
  'other-user': 0,
  'session-limit': 0,
  undelivered: 0,
} satisfies Record<EndedBy, 0>) as EndedBy[];

interface AuditBase {
  readonly namespace: string;
  /** The time of this process when the fact was known to it. */
  readonly at: Date;
}

/** A session that has a new handle, and how long it can live at most. */
interface Begun extends AuditBase {
  /** The public name of the session. */
  readonly handle: string;
  /** The keyed hash of the user id, 43 base64url characters; null for an anonymous session. */
  readonly userKey: string | null;
  /** The latest end of the session. */
  readonly absoluteExpiresAt: Date;
  /** The session ends when it was not used for so long. */
  readonly idleLifetimeMs: number;
}

/** A session that was stored. */
export interface SessionCreated extends Begun {
  readonly event: 'created';
}

/** A user who has signed in: the session was created for that user, or got a new id and another user than before. */
export interface LoggedIn extends Begun {
  readonly event: 'logged-in';
  /** The handle of the same session before; null if there was none. */
  readonly previousHandle: string | null;
}

/** A user who has signed in once more, such as before something sensitive: same user, new id. */
export interface PrivilegeRaised extends Begun {
  readonly event: 'privilege-raised';
  readonly previousHandle: string;
}

/** A session that got a new id without a login. */
export interface IdRenewed extends Begun {
  readonly event: 'renewed';
  readonly previousHandle: string;
}

/** A session that was filed under another user, or nobody, under the same id. */
export interface UserChanged extends AuditBase {
  readonly event: 'user-changed';
  readonly handle: string;
  readonly userKey: string | null;
  readonly previousUserKey: string | null;
}

/** Sessions that were ended. */
export interface SessionEnded extends AuditBase {
  readonly event: 'ended';
  readonly by: EndedBy;
  /** Null where many were ended by one call: those of a user, or all. */
  readonly handle: string | null;
  /** Null if the caller had only the id, or ended the sessions of all users. */
  readonly userKey: string | null;
  /** The sessions that were alive. Of those whose end is not durable yet, the sessions that were asked for. */
  readonly count: number;
  /** False if only the primary tier has it: this node repeats it in the background until the durable tier has it. */
  readonly durable: boolean;
}

/** The reason of a refusal: a cookie whose MAC is wrong, or a stored envelope. */
export type RefusedReason = EnvelopeErrorReason | 'made-up';

/** Requests or reads that were refused. Many of one second become one event. */
export interface Refused extends AuditBase {
  readonly event: 'refused';
  readonly reason: RefusedReason;
  /** The tier that the envelope was in; null for a cookie. */
  readonly tier: TierRole | null;
  /** Null for a cookie, and for several refusals in one event. */
  readonly handle: string | null;
  readonly count: number;
}

export type AuditEvent = IdRenewed | LoggedIn | PrivilegeRaised | Refused | SessionCreated | SessionEnded | UserChanged;
