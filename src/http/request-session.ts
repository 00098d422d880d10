import type { DeepReadonly } from '../client/data/plain-data.ts';
import type { Lifetime } from '../client/options/lifetime-options.ts';
import type { Change } from '../client/write/session-writer.ts';
import type { Session, SessionSummary } from '../client/session.ts';
import type { Duration } from '../platform/duration.ts';

/** A session of a signed-in user. */
export type UserSession<T> = Session<T> & { readonly userId: string };

/** A line of the user's device list. */
export interface Device extends SessionSummary {
  /** True for the session of this request. */
  readonly current: boolean;
}

export interface RequestGetOptions {
  /** `strong` asks the durable tier, whatever the primary tier holds. @defaultValue 'bounded' */
  readonly consistency?: 'bounded' | 'strong';
}

export interface RequestUpdateOptions {
  /** A new line for the user's device list; `null` removes it. */
  readonly label?: string | null;
  /** A new lifetime, longer or shorter. With a policy, `absolute` is cut to what the policy allows since the login. */
  readonly lifetime?: Lifetime;
}

export interface LoginOptions<Input> {
  /** Replaces the data. @defaultValue the data of the anonymous session, or `initial()` where there is none */
  readonly data?: DeepReadonly<Input> | Input;
  /** A line for the user's device list, such as `Firefox on Linux`; at most 512 bytes, so cut a `User-Agent`. */
  readonly label?: string;
  /** Overrides the client's lifetime for this session; not longer than the policy allows. */
  readonly lifetime?: Lifetime;
}

/**
 * The view that one HTTP request has of its session. The first call that needs the session loads it, once; a request
 * that calls nothing costs nothing. Calls that change the session run one after another; `get` does not wait for them.
 *
 * Every method may reject with `TierUnavailableError` (503): an outage is never "no session". A call that has to set a
 * cookie rejects with `ResponseStartedError`, before any I/O, once the response's headers have been sent.
 */
export interface RequestSession<T, Input = T> {
  /**
   * Returns the session and slides its idle deadline. Returns null if the request has no cookie with a correct signature, or the
   * session has ended.
   */
  get(options?: RequestGetOptions): Promise<Session<T> | null>;

  /**
   * Changes the data as `SessionClient.update` does. Where the request has no session, begins one from `initial()`.
   * @throws {SessionNotFoundError} (409) the session has ended since this request read it.
   * @throws {SessionMovedError} (409) another request of the same browser has just signed in.
   * @throws {CrossSiteRequestError} (403) it would begin a session, but the request comes from a page of another site: browsers leave
   * the cookie out of such a request, so there may be a session already.
   */
  update(change: Change<T, Input>, options?: RequestUpdateOptions): Promise<Session<T>>;

  /**
   * Signs the user in, always under a new session id; call it after the application has checked a password or passkey. Keeps the data of
   * an anonymous session and of a session of this user; ends a session of another user and keeps nothing of it. Sets
   * `authenticatedAt`, also where the user was signed in already (step-up).
   */
  login(userId: string, options?: LoginOptions<Input>): Promise<UserSession<T>>;

  /** Ends the session and clears the cookie. */
  logout(): Promise<void>;

  /**
   * Ends all sessions of the user, or all but this one. Resolves to how many were alive.
   * @throws {LoginRequiredError} (401) no user is signed in.
   */
  logoutEverywhere(options?: { readonly keepThis?: boolean }): Promise<number>;

  /**
   * Returns the user's sessions, the latest seen first.
   * @throws {LoginRequiredError} (401) no user is signed in.
   */
  devices(): Promise<Device[]>;

  /**
   * Ends one of the user's sessions by its handle. True if it was alive.
   * @throws {LoginRequiredError} (401) no user is signed in.
   */
  logoutDevice(handle: string): Promise<boolean>;

  /**
   * Returns the session of a signed-in user.
   * @throws {LoginRequiredError} (401) no user is signed in.
   */
  requireUser(): Promise<UserSession<T>>;

  /**
   * Returns the session of a user who signed in at most `maxAge` ago: for actions that an unattended browser must not
   * allow, such as a payment or a new password.
   * @defaultValue the policy's, '15m' without one
   * @throws {LoginRequiredError} (401) no user is signed in; or `reason` is `stale`: the login is older.
   */
  requireFresh(maxAge?: Duration): Promise<UserSession<T>>;
}
