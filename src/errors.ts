/**
 * Every error class of the library and its stable code. Callers switch on `code`: it survives several copies of
 * the package in one process and is never renamed; messages may improve.
 *
 * No error carries plaintext, a session id, a key, a credential, or a driver's error object (ioredis keeps
 * `command.args` on its errors, Prisma prints values, `JSON.parse` quotes its input). Tiers translate first.
 */

export type HoldfastErrorCode =
  | 'HOLDFAST_CONFIGURATION'
  | 'HOLDFAST_CROSS_SITE_REQUEST'
  | 'HOLDFAST_ENVELOPE'
  | 'HOLDFAST_IMPORT_UNAVAILABLE'
  | 'HOLDFAST_KEY_RING'
  | 'HOLDFAST_LOGIN_REQUIRED'
  | 'HOLDFAST_OUTCOME_UNKNOWN'
  | 'HOLDFAST_PAYLOAD'
  | 'HOLDFAST_RESPONSE_STARTED'
  | 'HOLDFAST_REVISION_CONFLICT'
  | 'HOLDFAST_REVOCATION_NOT_DURABLE'
  | 'HOLDFAST_SESSION_ENDED'
  | 'HOLDFAST_SESSION_EXISTS'
  | 'HOLDFAST_SESSION_MOVED'
  | 'HOLDFAST_SESSION_NOT_FOUND'
  | 'HOLDFAST_TIER_FAILURE'
  | 'HOLDFAST_TIER_UNAVAILABLE';

/** The status that an HTTP server may answer. A conflict is 409, since the client resolves it. */
const STATUS: Readonly<Record<HoldfastErrorCode, number>> = {
  HOLDFAST_CONFIGURATION: 500,
  HOLDFAST_CROSS_SITE_REQUEST: 403,
  HOLDFAST_ENVELOPE: 500,
  HOLDFAST_IMPORT_UNAVAILABLE: 503,
  HOLDFAST_KEY_RING: 500,
  HOLDFAST_LOGIN_REQUIRED: 401,
  HOLDFAST_OUTCOME_UNKNOWN: 503,
  HOLDFAST_PAYLOAD: 500,
  HOLDFAST_RESPONSE_STARTED: 500,
  HOLDFAST_REVISION_CONFLICT: 409,
  HOLDFAST_REVOCATION_NOT_DURABLE: 503,
  HOLDFAST_SESSION_ENDED: 409,
  HOLDFAST_SESSION_EXISTS: 409,
  HOLDFAST_SESSION_MOVED: 409,
  HOLDFAST_SESSION_NOT_FOUND: 409,
  HOLDFAST_TIER_FAILURE: 500,
  HOLDFAST_TIER_UNAVAILABLE: 503,
};

/**
 * The base of every error. Names are literals on the prototypes: bundlers rename classes, and a stack begins with the
 * name on the prototype.
 */
export abstract class HoldfastError extends Error {
  abstract readonly code: HoldfastErrorCode;
  /** True where the same call may succeed later without a change by a person. */
  readonly retryable: boolean = false;

  /** The status of an HTTP answer: 503 where the same request may succeed later, 409 for a conflict, else 500. */
  get status(): number {
    const status = STATUS[this.code];
    return status === 500 && this.retryable ? 503 : status;
  }

  /** Koa sets the status of its answer on the error; an error that throws at that would never be answered. */
  set status(value: number) {
    Object.defineProperty(this, 'status', { value, writable: true, configurable: true, enumerable: false });
  }

  /** The section that explains this error: a page of the package, which `import.meta.resolve` finds. */
  get help(): string {
    return `holdfast/docs/reference/errors.md#${this.code.toLowerCase()}`;
  }
}

/**
 * An option is missing, malformed or unsafe. Thrown at construction, or by `ready()` if only a server could show it.
 */
export class ConfigurationError extends HoldfastError {
  static {
    this.prototype.name = 'ConfigurationError';
  }

  override readonly code = 'HOLDFAST_CONFIGURATION';
}

/** A value that cannot be stored: not JSON, too large, or with a forbidden key. Nothing was written. */
export class PayloadError extends HoldfastError {
  static {
    this.prototype.name = 'PayloadError';
  }

  override readonly code = 'HOLDFAST_PAYLOAD';
}

/** A key ring that cannot be trusted or opened. The message names the fault, never the material. */
export class KeyRingError extends HoldfastError {
  static {
    this.prototype.name = 'KeyRingError';
  }

  override readonly code = 'HOLDFAST_KEY_RING';
  /**
   * True if a key source did not answer in time, or the fleet has a newer ring that this process has not loaded yet.
   */
  override readonly retryable: boolean;

  constructor(message: string, retryable = false) {
    super(message);
    this.retryable = retryable;
  }
}

export type EnvelopeErrorReason =
  | 'malformed'
  | 'outlives-limit'
  | 'revoked-key'
  | 'rolled-back'
  | 'tampered'
  | 'unknown-key';

/**
 * The stored bytes do not open. The message is the same for every reason, so that an attacker learns nothing from it;
 * `reason` is for the operator.
 */
export class EnvelopeError extends HoldfastError {
  static {
    this.prototype.name = 'EnvelopeError';
  }

  override readonly code = 'HOLDFAST_ENVELOPE';
  readonly reason: EnvelopeErrorReason;
  override readonly retryable: boolean;

  constructor(reason: EnvelopeErrorReason) {
    super('A stored session could not be opened.');
    this.reason = reason;
    // The next reload of the key ring may bring the key.
    this.retryable = reason === 'unknown-key';
  }

  /**
   * The status: 401 where the session is over (a revoked key, a deadline beyond the limit), since the user has to log
   * in again.
   */
  override get status(): number {
    return this.reason === 'revoked-key' || this.reason === 'outlives-limit' ? 401 : super.status;
  }

  override set status(value: number) {
    super.status = value;
  }
}

export type TierRole = 'durable' | 'primary';

/**
 * No tier that could answer was reachable in time. It says nothing about the session: an outage is not a logout. A
 * write that ends with this error has changed nothing.
 */
export class TierUnavailableError extends HoldfastError {
  static {
    this.prototype.name = 'TierUnavailableError';
  }

  override readonly code = 'HOLDFAST_TIER_UNAVAILABLE';
  override readonly retryable = true;
  readonly tier: TierRole;
  /** A short word for the operator, such as `deadline`, `ECONNREFUSED`, `breaker-open`. */
  readonly reason: string;

  constructor(tier: TierRole, reason: string) {
    super(`The ${tier} tier is unavailable (${reason}).`);
    this.tier = tier;
    this.reason = reason;
  }
}

/** The `id` given to `create` belongs to a living session. Nothing was written. */
export class SessionExistsError extends HoldfastError {
  static {
    this.prototype.name = 'SessionExistsError';
  }

  override readonly code = 'HOLDFAST_SESSION_EXISTS';

  constructor() {
    super('A living session has this id.');
  }
}

/**
 * The `id` given to `create` belongs to a session that was destroyed or has expired; an id is used once. Nothing was
 * written.
 */
export class SessionEndedError extends HoldfastError {
  static {
    this.prototype.name = 'SessionEndedError';
  }

  override readonly code = 'HOLDFAST_SESSION_ENDED';

  constructor() {
    super('A session with this id was destroyed or has expired; an id is not used twice.');
  }
}

/**
 * A session that `update`, `replace`, `touch` or `regenerate` was to change does not exist, has expired or was
 * destroyed.
 */
export class SessionNotFoundError extends HoldfastError {
  static {
    this.prototype.name = 'SessionNotFoundError';
  }

  override readonly code = 'HOLDFAST_SESSION_NOT_FOUND';

  constructor() {
    super('The session does not exist, has expired or was destroyed.');
  }
}

/** A write of another caller came first and, for `update`, kept coming first until `updateTimeout`. Nothing was written. */
export class RevisionConflictError extends HoldfastError {
  static {
    this.prototype.name = 'RevisionConflictError';
  }

  override readonly code = 'HOLDFAST_REVISION_CONFLICT';
  override readonly retryable = true;

  constructor(message = 'The session was changed by another write.') {
    super(message);
  }
}

/**
 * The session was destroyed for every node that reaches the primary tier, but the durable tier was unavailable. The
 * client retries in the background; until it succeeds, losing the primary tier would bring the session back.
 */
export class RevocationNotDurableError extends HoldfastError {
  static {
    this.prototype.name = 'RevocationNotDurableError';
  }

  override readonly code = 'HOLDFAST_REVOCATION_NOT_DURABLE';
  override readonly retryable = true;

  constructor() {
    super('The session was destroyed in the primary tier only: the durable tier is unavailable.');
  }
}

/**
 * A write was sent and its answer was lost: it may or may not have taken effect. Read the session before you repeat it.
 */
export class OutcomeUnknownError extends HoldfastError {
  static {
    this.prototype.name = 'OutcomeUnknownError';
  }

  override readonly code = 'HOLDFAST_OUTCOME_UNKNOWN';

  constructor() {
    super('The write was sent to the durable tier, but its outcome is unknown.');
  }
}

/**
 * The store that sessions are imported from did not answer, or failed: it is unknown whether the request has a session.
 */
export class ImportUnavailableError extends HoldfastError {
  static {
    this.prototype.name = 'ImportUnavailableError';
  }

  override readonly code = 'HOLDFAST_IMPORT_UNAVAILABLE';
  override readonly retryable = true;
  /** A short word for the operator: `deadline`, the store's own code, such as `ECONNREFUSED`, or `unexpected`. */
  readonly reason: string;

  constructor(reason: string) {
    super(`The store that sessions are imported from is unavailable (${reason}).`);
    this.reason = reason;
  }
}

/** No user is signed in, or the login is older than the request allows. */
export class LoginRequiredError extends HoldfastError {
  static {
    this.prototype.name = 'LoginRequiredError';
  }

  override readonly code = 'HOLDFAST_LOGIN_REQUIRED';
  /** `stale` if a user is signed in and has to authenticate again. */
  readonly reason: 'anonymous' | 'stale';

  constructor(reason: 'anonymous' | 'stale') {
    super(reason === 'stale' ? 'The user has to authenticate again.' : 'Nobody is signed in.');
    this.reason = reason;
  }
}

const HEADERS_SENT = "has to set a cookie, but the response's headers have been sent; await it before the first byte";

/** A call that has to set a cookie came after the response's headers had been sent. It changed nothing. */
export class ResponseStartedError extends HoldfastError {
  static {
    this.prototype.name = 'ResponseStartedError';
  }

  override readonly code = 'HOLDFAST_RESPONSE_STARTED';

  constructor(call: string, why: string = HEADERS_SENT) {
    super(`${call}: ${why}.`);
  }
}

/**
 * The session of this request's cookie got a new id within the last 30 s: another request of the same browser has
 * signed in. A new session would sign its user out. Nothing was written; the request may succeed with the browser's new
 * cookie.
 */
export class SessionMovedError extends HoldfastError {
  static {
    this.prototype.name = 'SessionMovedError';
  }

  override readonly code = 'HOLDFAST_SESSION_MOVED';
  override readonly retryable = true;

  constructor() {
    super('Another request of this browser has just signed in; send this one again with its cookie.');
  }
}

/**
 * A request that a page of another site caused, without the session cookie, would have begun a session, which would
 * replace the browser's own. Nothing was written.
 */
export class CrossSiteRequestError extends HoldfastError {
  static {
    this.prototype.name = 'CrossSiteRequestError';
  }

  override readonly code = 'HOLDFAST_CROSS_SITE_REQUEST';

  constructor() {
    super('A request from another site does not begin a session.');
  }
}

/**
 * The effect of a command that a tier could not answer:
 * - `not-sent`: it never left this process;
 * - `rejected`: the server refused it and nothing changed;
 * - `ambiguous`: it may have been executed, or may yet be;
 * - `misconfigured`: a person has to change something (credentials, certificates, tables, grants).
 */
export type TierFailureKind = 'ambiguous' | 'misconfigured' | 'not-sent' | 'rejected';

/**
 * The only error that a tier may throw. `reason` is a short, safe word; the driver's own error stays inside the tier.
 */
export class TierFailure extends HoldfastError {
  static {
    this.prototype.name = 'TierFailure';
  }

  override readonly code = 'HOLDFAST_TIER_FAILURE';
  readonly kind: TierFailureKind;
  readonly reason: string;
  /** The option concerned, the cause and the cure, for the operator. A fixed text without a full stop. */
  readonly advice: string | undefined;

  constructor(kind: TierFailureKind, reason: string, advice?: string) {
    super(`A tier failed: ${kind} (${reason}).`);
    this.kind = kind;
    this.reason = reason;
    this.advice = advice;
  }
}

/**
 * Returns the `reason` of a tier's failure. Anything else that a tier throws may hold unsafe text, and is `unexpected`.
 */
export function reasonOf(error: unknown): string {
  return isTierFailure(error) ? error.reason : 'unexpected';
}

/** Every error of the library, distinguished by `code`. */
export type AnyHoldfastError =
  | ConfigurationError
  | CrossSiteRequestError
  | EnvelopeError
  | ImportUnavailableError
  | KeyRingError
  | LoginRequiredError
  | OutcomeUnknownError
  | PayloadError
  | ResponseStartedError
  | RevisionConflictError
  | RevocationNotDurableError
  | SessionEndedError
  | SessionExistsError
  | SessionMovedError
  | SessionNotFoundError
  | TierFailure
  | TierUnavailableError;

/**
 * Returns true for an error of the library, by its code: bundlers make several copies of a module, and `instanceof`
 * knows one.
 */
export function isHoldfastError(error: unknown): error is AnyHoldfastError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return Object.hasOwn(STATUS, error.code);
}

/** Returns true for the failure of a tier, also of a tier from another copy of the package. */
export function isTierFailure(error: unknown): error is TierFailure {
  return isHoldfastError(error) && error.code === 'HOLDFAST_TIER_FAILURE';
}
