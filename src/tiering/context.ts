import { WRITE_ID_BYTES } from '../limits/session.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { Background } from './background.ts';
import type { DirtyFeed } from './trust/dirty-feed.ts';
import type { DurableGuard } from './trust/durable-guard.ts';
import type { InsertsInDoubt } from './recovery/inserts-in-doubt.ts';
import type { PrimaryGuard } from './trust/primary-guard.ts';

/** Opens an envelope for a storage key, or throws `EnvelopeError`. The coordinator never sees a key. */
export type OpenEnvelope = (storageKey: Buffer, envelope: Buffer) => SessionRecord;

/** The envelope that was opened last for a storage key, if it is remembered. Its bytes stay what they are. */
export type RememberedEnvelope = (storageKey: Buffer) => Buffer | undefined;

/** What every path works with. */
export interface TieringContext {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
  readonly durable: DurableGuard;
  readonly feed: DirtyFeed;
  readonly background: Background;
  readonly pendingTouches: TouchBacklog;
  readonly revocations: RevocationBacklog;
  readonly insertsInDoubt: InsertsInDoubt;
  readonly openEnvelope: OpenEnvelope;
  readonly rememberedEnvelope: RememberedEnvelope;
  /** The configured ceiling; a session with a short idle lifetime is touched more often. */
  readonly touchIntervalMs: number;
  readonly durableTimeoutMs: number;
  /** How long the primary tier alone may serve while the durable one is away. */
  readonly durableOutageReadsMs: number;
}

/** A revocation that the durable tier could not be told of yet. */
export interface OwedRevocation {
  /** Null where it is not known which sessions there are. */
  readonly storageKey: Buffer | null;
  /**
   * Whether this node calls the session ended until then, since its end was asked for: whatever has this key, or what one INSERT may
   * have left. There is one entry of each. Null: it is served meanwhile.
   */
  readonly refused: 'insert' | 'session' | null;
  /** False of an id that anybody could have made up: neither tier showed such a session. */
  readonly isKnown: boolean;
  /** When it is tried first. */
  readonly delayMs: number;
  /** Rejects if it has to be tried again. */
  readonly attempt: () => Promise<void>;
}

/** Where revocations go that the durable tier could not be told of. */
export interface RevocationBacklog {
  /** False if there is no room for it, or the client is closed: nobody will try it. True of a session that is there already. */
  add(owed: OwedRevocation): boolean;
  /** Whether the revocation of this session is owed: this node calls it ended, whatever the tiers say. */
  refuses(storageKey: Buffer): boolean;
}

/** Where activity goes that the durable tier is told of a little later. */
export interface TouchBacklog {
  /** A session was used, and was alive then. */
  add(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): void;
  /** Tells of this session now; false if there is nothing to tell. */
  tell(storageKey: Buffer): Promise<boolean>;
  /** Tells everything that is there now. Rejects at the first failure; what is left is told by the next flush. */
  flush(): Promise<void>;
}

/** A living session as the tiers have it. Times are milliseconds since the epoch. */
export interface LivingSession {
  readonly storageKey: Buffer;
  readonly record: SessionRecord;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  /** Who answered; a copy that the durable tier has just confirmed counts as the durable tier's answer. */
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
