import type { EnvelopeErrorReason, TierRole } from '../errors.ts';
import { WRITE_ID_BYTES } from '../limits/session.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { PrimaryTier } from '../tiers/primary.ts';
import { Background } from './background.ts';
import { InsertsInDoubt } from './recovery/inserts-in-doubt.ts';
import { PendingRevocations } from './recovery/pending-revocations.ts';
import { PendingTouches } from './recovery/pending-touches.ts';
import { MasterKeeper } from './masters/master-keeper.ts';
import type { OwnReport } from './masters/own-report.ts';
import { DirtyFeed } from './trust/dirty-feed.ts';
import type { DurableGuard } from './guard/durable-guard.ts';
import { PrimaryGuard } from './guard/primary-guard.ts';

/** Opens envelopes for the coordinator of the tiers, which never sees a key. The codec is one. */
export interface Envelopes {
  /** The record of an envelope that was sealed for this storage key. Throws `EnvelopeError`. */
  openRemembered(storageKey: Buffer, envelope: Buffer): SessionRecord;
  /** The envelope that was opened last for this storage key; undefined if none is remembered. Its bytes never change. */
  rememberedEnvelope(storageKey: Buffer): Buffer | undefined;
}

/** The parts and settings that the coordinator of the tiers is built from. Times are in milliseconds. */
export interface TieringOptions {
  readonly platform: Platform;
  readonly primary: PrimaryTier;
  readonly durable: DurableGuard;
  readonly envelopes: Envelopes;
  /** Announces an envelope that did not open. */
  readonly refused: (tier: TierRole, reason: EnvelopeErrorReason, storageKey: Buffer) => void;
  /** The report of the primary tier that each heartbeat carries. */
  readonly report: OwnReport;
  /** Sends a heartbeat now. */
  readonly beat: () => Promise<void>;
  readonly primaryTimeoutMs: number;
  readonly durableTimeoutMs: number;
  readonly revalidateAfterMs: number;
  /** The configured ceiling; a session with a short idle lifetime is touched more often. */
  readonly touchIntervalMs: number;
  /** The longest that the primary tier alone may serve while the durable one is away. */
  readonly durableOutageReadsMs: number;
}

/** The sessions that a call has ended so far: what it has done stays done if it fails. */
export interface Tally {
  /** The number of those that were alive. */
  alive: number;
}

/** The parts that every path works with. */
export interface TieringContext extends Pick<
  TieringOptions,
  'durable' | 'durableOutageReadsMs' | 'durableTimeoutMs' | 'envelopes' | 'platform' | 'refused' | 'touchIntervalMs'
> {
  readonly primary: PrimaryGuard;
  readonly masters: MasterKeeper;
  readonly feed: DirtyFeed;
  readonly background: Background;
  readonly pendingTouches: PendingTouches;
  readonly pendingRevocations: PendingRevocations;
  readonly insertsInDoubt: InsertsInDoubt;
}

/** Builds the parts in the order in which they need one another, and then has each return of a tier start what waited for it. */
export function createContext(options: TieringOptions): TieringContext {
  const { platform, durable, primaryTimeoutMs, revalidateAfterMs } = options;
  const primary = new PrimaryGuard({ tier: options.primary, platform, timeoutMs: primaryTimeoutMs, revalidateAfterMs });
  const masters = new MasterKeeper({ ...options, primary });
  const feed = new DirtyFeed({ platform, primary, durable, masters, revalidateAfterMs });
  const background = new Background();
  const around = { ...options, primary, masters, feed, background };
  const context = {
    ...around,
    pendingTouches: new PendingTouches(around),
    pendingRevocations: new PendingRevocations(around),
    insertsInDoubt: new InsertsInDoubt(around),
  };
  primary.returned.add(() => void feed.poll());
  // What the durable tier missed comes before anything else that it is asked.
  durable.returned.add(() => {
    context.pendingRevocations.durableReturned();
    context.pendingTouches.flush();
    void feed.poll();
  });
  return context;
}

/** A living session as the tiers have it. Times are milliseconds since the epoch. */
export interface LivingSession {
  readonly storageKey: Buffer;
  readonly record: SessionRecord;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  /** The tier that answered; a copy that the durable tier has just confirmed counts as the durable tier's answer. */
  readonly servedBy: 'durable' | 'primary';
}

const LEASE_TOKEN_BYTES = 8;

/** Names one write, so that its row can be recognised after a lost answer. */
export function newWriteId(platform: Platform): Buffer {
  return randomBytes(platform, WRITE_ID_BYTES);
}

/** Names one holder of a fill lease. */
export function newLeaseToken(platform: Platform): string {
  return randomBytes(platform, LEASE_TOKEN_BYTES).toString('hex');
}
