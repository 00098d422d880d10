/**
 * Every error class of the library and its stable code. Callers switch on `code`: it survives several copies of
 * the package in one process and is never renamed; messages may improve.
 *
 * No error carries plaintext, a session id, a key, a credential, or a driver's error object (ioredis keeps
 * `command.args` on its errors, Prisma prints values, `JSON.parse` quotes its input). Tiers translate first.
 */

export type HoldfastErrorCode =
  | 'HOLDFAST_CONFIGURATION'
  | 'HOLDFAST_ENVELOPE'
  | 'HOLDFAST_KEY_RING'
  | 'HOLDFAST_OUTCOME_UNKNOWN'
  | 'HOLDFAST_PAYLOAD'
  | 'HOLDFAST_REVISION_CONFLICT'
  | 'HOLDFAST_REVOCATION_NOT_DURABLE'
  | 'HOLDFAST_SESSION_NOT_FOUND'
  | 'HOLDFAST_TIER_FAILURE'
  | 'HOLDFAST_TIER_UNAVAILABLE';

export abstract class HoldfastError extends Error {
  abstract readonly code: HoldfastErrorCode;
  /** Whether the same call may succeed later without anything being changed by a person. */
  readonly retryable: boolean = false;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** An option is missing, malformed or unsafe. Thrown at construction, or by `ready()` when only a server could tell. */
export class ConfigurationError extends HoldfastError {
  override readonly code = 'HOLDFAST_CONFIGURATION';
}

/** Data that cannot be stored as it is: not JSON, too large, or with a forbidden key. Nothing was written. */
export class PayloadError extends HoldfastError {
  override readonly code = 'HOLDFAST_PAYLOAD';
}

/** A key ring that cannot be trusted or opened. Its message names what is wrong, never the material. */
export class KeyRingError extends HoldfastError {
  override readonly code = 'HOLDFAST_KEY_RING';
  /** True only where a key source did not answer in time. */
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
 * Stored bytes that do not open. The message is the same for every reason, so that it tells an attacker nothing;
 * `reason` is for the operator.
 */
export class EnvelopeError extends HoldfastError {
  override readonly code = 'HOLDFAST_ENVELOPE';
  readonly reason: EnvelopeErrorReason;
  override readonly retryable: boolean;

  constructor(reason: EnvelopeErrorReason) {
    super('A stored session could not be opened.');
    this.reason = reason;
    // A key that this process has not loaded yet may arrive with the next reload of the key ring.
    this.retryable = reason === 'unknown-key';
  }
}

export type TierRole = 'durable' | 'primary';

/**
 * Nobody who could answer was reachable in time. It is never an answer about the session: an outage is not a logout.
 * A call that changes something and ends with this error has changed nothing.
 */
export class TierUnavailableError extends HoldfastError {
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

/** `update`, `replace`, `touch` or `regenerate` of a session that does not exist, has ended or was destroyed. */
export class SessionNotFoundError extends HoldfastError {
  override readonly code = 'HOLDFAST_SESSION_NOT_FOUND';

  constructor() {
    super('The session does not exist, has expired or was destroyed.');
  }
}

/** Somebody else's write came first, and (for `update`) kept coming first until `updateTimeout`. Nothing was written. */
export class RevisionConflictError extends HoldfastError {
  override readonly code = 'HOLDFAST_REVISION_CONFLICT';
  override readonly retryable = true;

  constructor(message = 'The session was changed by another write.') {
    super(message);
  }
}

/**
 * The session was destroyed for every node that reaches the primary tier, but the durable tier could not be told.
 * The library keeps trying in the background; until it succeeds, losing the primary tier would bring the session back.
 */
export class RevocationNotDurableError extends HoldfastError {
  override readonly code = 'HOLDFAST_REVOCATION_NOT_DURABLE';
  override readonly retryable = true;

  constructor() {
    super('The session was destroyed in the primary tier only: the durable tier is unavailable.');
  }
}

/** A write was sent and its answer was lost: it may or may not have happened. Read the session before trying again. */
export class OutcomeUnknownError extends HoldfastError {
  override readonly code = 'HOLDFAST_OUTCOME_UNKNOWN';

  constructor() {
    super('The write was sent to the durable tier, but its outcome is unknown.');
  }
}

/**
 * What became of a command that a tier could not answer:
 * - `not-sent`: it never left this process;
 * - `rejected`: the server refused it and nothing changed;
 * - `ambiguous`: it may have been executed, or may yet be;
 * - `misconfigured`: a person has to change something (credentials, certificates, tables, grants).
 */
export type TierFailureKind = 'ambiguous' | 'misconfigured' | 'not-sent' | 'rejected';

/** The one error that a tier may throw. `reason` is a short, safe word; the driver's own error stays inside the tier. */
export class TierFailure extends HoldfastError {
  override readonly code = 'HOLDFAST_TIER_FAILURE';
  readonly kind: TierFailureKind;
  readonly reason: string;
  /** For the operator: which option is concerned, the cause and the cure. A fixed text, without the full stop. */
  readonly advice: string | undefined;

  constructor(kind: TierFailureKind, reason: string, advice?: string) {
    super(`A tier failed: ${kind} (${reason}).`);
    this.kind = kind;
    this.reason = reason;
    this.advice = advice;
  }
}

/** The `reason` of a tier's failure. Anything else that a tier throws has no word that is known to be safe. */
export function reasonOf(error: unknown): string {
  return error instanceof TierFailure ? error.reason : 'unexpected';
}
