import type { Codec } from '../codec/codec.ts';
import type { EnvelopeErrorReason, TierRole } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import { handleOf } from '../session/session-id.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { AuditEvent, EndedBy } from '../telemetry/audit.ts';
import { audit, envelopeRejected } from '../telemetry/channels.ts';
import { Refusals } from './refusals.ts';

export interface AuditTrailOptions {
  readonly platform: Platform;
  readonly namespace: string;
  readonly codec: Pick<Codec, 'userKey'>;
}

/** Sessions that were ended, as far as the caller knows them. */
export interface Ended {
  readonly by: EndedBy;
  readonly storageKey: Buffer | null;
  readonly userId: string | undefined;
  readonly count: number;
  readonly durable: boolean;
}

type Fact<Event = AuditEvent> = Event extends AuditEvent ? Omit<Event, 'at' | 'namespace'> : never;

/**
 * Publishes what this node has done to sessions on `holdfast:audit`, each fact once. Without a subscriber nothing is hashed and nothing
 * is built.
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #refusals: Refusals;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.platform, (refused) => this.#publish({ event: 'refused', ...refused }));
  }

  /** `isLogin`: the user has signed in just now. */
  created(storageKey: Buffer, record: SessionRecord, isLogin: boolean): void {
    if (!audit.hasSubscribers) return;
    const begun = this.#begun(storageKey, record);
    this.#publish({ event: 'created', ...begun });
    if (isLogin) this.#publish({ event: 'logged-in', previousHandle: null, ...begun });
  }

  /** Records a new id. `isLogin`: the call named the user. */
  regenerated(
    previous: { readonly storageKey: Buffer; readonly record: SessionRecord },
    next: typeof previous,
    isLogin: boolean,
  ): void {
    if (!audit.hasSubscribers) return;
    const begun = this.#begun(next.storageKey, next.record);
    const isSameUser = previous.record.userId === next.record.userId;
    const event = !isLogin ? 'renewed' : isSameUser ? 'privilege-raised' : 'logged-in';
    this.#publish({ event, previousHandle: handleOf(previous.storageKey), ...begun });
  }

  /** Records another user of the same session, if it is another. */
  rewritten(storageKey: Buffer, before: SessionRecord, after: SessionRecord): void {
    if (!audit.hasSubscribers || before.userId === after.userId) return;
    this.#publish({
      event: 'user-changed',
      handle: handleOf(storageKey),
      userKey: this.#userKey(after.userId),
      previousUserKey: this.#userKey(before.userId),
    });
  }

  ended({ by, storageKey, userId, count, durable }: Ended): void {
    if (!audit.hasSubscribers || count === 0) return;
    const handle = storageKey && handleOf(storageKey);
    this.#publish({ event: 'ended', by, handle, userKey: this.#userKey(userId), count, durable });
  }

  /** Records the end of a session that a revoked key had sealed. */
  endedWithKey(storageKey: Buffer, durable: boolean): void {
    this.ended({ by: 'key-revocation', storageKey, userId: undefined, count: 1, durable });
  }

  /** Records a cookie whose MAC is wrong. */
  refusedCookie(): void {
    if (audit.hasSubscribers) this.#refusals.note('made-up', null, null);
  }

  /** Records an envelope that did not open, also on `holdfast:envelope-rejected`. */
  refusedEnvelope(tier: TierRole, reason: EnvelopeErrorReason, storageKey: Buffer): void {
    if (envelopeRejected.hasSubscribers) envelopeRejected.publish({ tier, reason, handle: handleOf(storageKey) });
    if (audit.hasSubscribers) this.#refusals.note(reason, tier, storageKey);
  }

  /** Publishes what was only counted so far. */
  close(): void {
    this.#refusals.close();
  }

  #begun(storageKey: Buffer, { userId, absoluteExpiresAt, idleLifetimeMs }: SessionRecord) {
    return {
      handle: handleOf(storageKey),
      userKey: this.#userKey(userId),
      absoluteExpiresAt: new Date(absoluteExpiresAt),
      idleLifetimeMs,
    };
  }

  #userKey(userId: string | undefined): string | null {
    return userId === undefined ? null : this.#options.codec.userKey(userId).toString('base64url');
  }

  #publish(fact: Fact): void {
    const { namespace, platform } = this.#options;
    audit.publish({ ...fact, namespace, at: new Date(platform.now()) });
  }
}
