import { envelopeTag, type RecordState } from '../../session/sealed-record.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import type { PrimaryValue } from '../../tiers/primary.ts';
import type { LivingSession } from '../context.ts';
import type { Trust } from '../trust/trust-floor.ts';
import type { Worth } from './decide.ts';

export interface ReadOptions {
  /** `strong` asks the durable tier whatever the primary tier holds. */
  readonly consistency: 'bounded' | 'strong';
  /** True if this read counts as activity. */
  readonly touch: boolean;
}

/** A session's value that the primary tier returned, opened, and the read that it was returned to. */
export interface Copy {
  readonly storageKey: Buffer;
  readonly value: PrimaryValue;
  readonly record: SessionRecord;
  readonly options: ReadOptions;
}

/** Says what a copy is worth, if its stamp is trusted this far. */
export function worthOf({ value, record, options }: Copy, trust: Trust, now: number): Worth {
  if (now >= record.absoluteExpiresAt) return 'ended';
  // An idle deadline is not authenticated, and another node may just have moved it: the durable tier has the last word.
  if (options.consistency === 'strong' || now > value.idleExpiresAt || trust === 'foreign') return 'doubted';
  return trust;
}

/** Compares tags as well: a database that lost a commit issues its revision again, for another envelope. */
export function isCopyOf(state: RecordState, { revision, envelope }: PrimaryValue): boolean {
  return state.revision === revision && state.tag.equals(envelopeTag(envelope));
}

/** The session as the copy has it. */
export function sessionOf({ storageKey, value, record }: Copy): LivingSession {
  const { lastSeenAt, idleExpiresAt } = value;
  return { storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'primary' };
}
