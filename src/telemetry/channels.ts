import { channel } from 'node:diagnostics_channel';
import type { EnvelopeErrorReason, TierRole } from '../errors.ts';
import type { TierState } from './standing.ts';

/**
 * Facts for operators, on `node:diagnostics_channel`: nothing is built when nobody listens. Messages carry public
 * handles and short words, never ids, keys, user ids or data.
 */

/**
 * The state of a tier, as `health()` gives it, has changed. A tier that changes all the time is announced four times in ten
 * seconds at most.
 */
export interface TierChange {
  readonly tier: TierRole;
  readonly state: TierState;
  /** A short word such as `deadline`, `ECONNREFUSED`, `recovered`. */
  readonly reason: string;
  /** When this state began. */
  readonly since: Date;
  /** How many changes this event stands for: more than one where others were left out. */
  readonly changes: number;
}

/** Stored bytes that did not open; from the primary tier they are replaced by the durable copy. */
export interface EnvelopeRejected {
  readonly tier: TierRole;
  /** `schema`: it opened, but its data does not meet the schema. */
  readonly reason: EnvelopeErrorReason | 'schema';
  readonly handle: string;
}

/** Work that no caller waits for has failed. It is tried again. */
export interface BackgroundFailure {
  readonly work: 'feed' | 'import' | 'revocation' | 'session-limit' | 'sweep' | 'touch';
  readonly code: string;
}

/**
 * A revocation that this node still owed to the durable tier, and gives up: the client was closed before the durable tier
 * answered, there was no room, or it is too late to tell which of a user's sessions was to be kept. A session may be alive
 * that was to be ended.
 */
export interface RevocationLost {
  /** Null if it is not known which sessions there are: those that a `destroyByUser` may have missed. */
  readonly handle: string | null;
}

/**
 * What became of a key ring that this process was given. `loaded`: it is in use. `refused`: the ring before it stays in
 * use, or the client does not start. `not-loaded`: the key source failed. `version` is the ring's; of one that was not
 * loaded, the version in use. `reason` is a short word such as `start`, `reload`, `rolled-back`, `other-ring`.
 */
export interface KeysChange {
  readonly state: 'loaded' | 'not-loaded' | 'refused';
  readonly version: number;
  readonly reason: string;
}

/** This node has gone through all rows and deleted those that ended long ago. */
export interface SweepPass {
  /** Rows that were looked at, of every namespace. */
  readonly scanned: number;
  /** Rows that were deleted. */
  readonly removed: number;
  /** Pauses included. */
  readonly durationMs: number;
}

/** A call of a `HoldfastStore` that changed nothing, which the response does not show. */
export interface StoreOutcome {
  readonly call: 'destroy' | 'set' | 'touch';
  /** The code of the error; `HOLDFAST_SESSION_NOT_FOUND`: the session had ended, and stays ended. */
  readonly code: string;
  /** Null if the session was never in hand. */
  readonly handle: string | null;
}

/** A named channel and the one shape of message that it carries. */
export interface FactChannel<Message> {
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
