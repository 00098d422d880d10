import { channel } from 'node:diagnostics_channel';
import type { EnvelopeErrorReason, TierRole } from '../errors.ts';
import type { AuditEvent } from './audit.ts';
import type { TierState } from './health.ts';

/**
 * Facts for operators, on `node:diagnostics_channel`. Nothing is built while nothing subscribes. Messages carry public
 * handles and short words, never ids, keys, user ids or data.
 */

/**
 * A change of the state that `health()` gives for a tier. A tier that flaps is announced at most four times in ten
 * seconds.
 */
export interface TierChange {
  readonly tier: TierRole;
  readonly state: TierState;
  /** A short word such as `deadline`, `ECONNREFUSED`, `recovered`. */
  readonly reason: string;
  /** The cure, where a person can do something about it: a fixed text. */
  readonly advice?: string;
  /** The beginning of this state. */
  readonly since: Date;
  /** The changes that this event stands for: more than one where some were not announced. */
  readonly changes: number;
}

/** A stored envelope that did not open. In the primary tier, the durable copy replaces them. */
export interface EnvelopeRejected {
  readonly tier: TierRole;
  /** The reason; `schema` if the envelope opened, but its data does not meet the schema. */
  readonly reason: EnvelopeErrorReason | 'schema';
  readonly handle: string;
}

/** A failure of work that no caller waits for. It is repeated. */
export interface BackgroundFailure {
  readonly work: 'feed' | 'import' | 'revocation' | 'session-limit' | 'sweep' | 'touch';
  readonly code: string;
}

/**
 * A revocation that this node gives up before the durable tier has stored it: the client was closed before the durable
 * tier answered, there was no room, or it is too late to know which of a user's sessions was to be kept. The session
 * may be alive.
 */
export interface RevocationLost {
  /** Null if the sessions are not known: those that a `destroyByUser` may have missed. */
  readonly handle: string | null;
}

/**
 * A key ring that this process was given, and its outcome. `loaded`: it is in use. `refused`: the former ring stays in
 * use, or the client does not start. `not-loaded`: the key source failed, and `version` is the one in use. `reason` is
 * a short word such as `start`, `reload`, `rolled-back`, `other-ring`.
 */
export interface KeysChange {
  readonly state: 'loaded' | 'not-loaded' | 'refused';
  readonly version: number;
  readonly reason: string;
}

/** A sweep in which this node went through all rows and deleted those that had ended long ago. */
export interface SweepPass {
  /** The rows of every namespace that were looked at. */
  readonly scanned: number;
  /** The rows that were deleted. */
  readonly removed: number;
  /** The duration with its pauses, in milliseconds. */
  readonly durationMs: number;
}

/** A failed call of a `HoldfastStore` that changed nothing and that the response does not show. */
export interface StoreOutcome {
  readonly call: 'destroy' | 'set' | 'touch';
  /** The code of the error. `HOLDFAST_SESSION_NOT_FOUND`: the session had ended, and stays ended. */
  readonly code: string;
  /** Null if the store never had the session. */
  readonly handle: string | null;
}

/** A call of a `SessionClient` that has ended, whatever came of it. */
export interface CallEnd {
  readonly namespace: string;
  readonly operation: CallName;
  /** `ok`; `none` if there was no such session; else the code of the error, or `unexpected`. */
  readonly outcome: string;
  /** The tier that answered; null if no session was returned. */
  readonly servedBy: TierRole | null;
  /** The beginning by the wall clock, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The duration by the monotonic clock, in milliseconds. */
  readonly durationMs: number;
}

/** The calls of a `SessionClient` that are measured. */
export type CallName =
  | 'create'
  | 'destroy'
  | 'destroyAll'
  | 'destroyByHandle'
  | 'destroyByUser'
  | 'get'
  | 'listByUser'
  | 'movedSince'
  | 'regenerate'
  | 'replace'
  | 'touch'
  | 'update';

/** A named channel and the shape of its messages. */
export interface FactChannel<Message> {
  readonly name: string | symbol;
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

export const tierChange: FactChannel<TierChange> = channel('holdfast:tier-change');
export const envelopeRejected: FactChannel<EnvelopeRejected> = channel('holdfast:envelope-rejected');
export const keysChange: FactChannel<KeysChange> = channel('holdfast:keys');
export const sweepPass: FactChannel<SweepPass> = channel('holdfast:sweep');
export const backgroundFailure: FactChannel<BackgroundFailure> = channel('holdfast:background-failure');
export const storeOutcome: FactChannel<StoreOutcome> = channel('holdfast:store');
export const revocationLost: FactChannel<RevocationLost> = channel('holdfast:revocation-lost');
export const callEnd: FactChannel<CallEnd> = channel('holdfast:call');
export const audit: FactChannel<AuditEvent> = channel('holdfast:audit');
