import { EnvelopeError, TierUnavailableError, type TierRole } from '../../errors.ts';
import { hasEnded, idleDeadline, primaryTtl } from '../../session/lifetime.ts';
import { envelopeTag, type RecordState, type SealedRecord } from '../../session/sealed-record.ts';
import { handleOf } from '../../session/session-id.ts';
import type { SessionRecord } from '../../session/session-record.ts';
import { envelopeRejected } from '../../telemetry/channels.ts';
import type { PrimaryEntry, PrimaryValue, Stamp } from '../../tiers/tier.ts';
import { newLeaseToken, type LivingSession, type TieringContext } from '../context.ts';
import { Hedge } from './hedge.ts';
import { UNREACHED, type Unreached } from '../trust/primary-guard.ts';
import { isTouchDue, slide, spread, touch } from '../write/touch-path.ts';

export interface ReadOptions {
  /** `strong` asks the durable tier whatever the primary tier holds. */
  readonly consistency: 'bounded' | 'strong';
  /** Whether this read counts as activity. */
  readonly touch: boolean;
}

/**
 * The read path. "Not found" (null) is said by the durable tier, by a tombstone, or by an absolute deadline inside an
 * envelope that opened; everything else that is not an answer throws.
 */
export class ReadPath {
  readonly #context: TieringContext;
  readonly #hedge: Hedge;

  constructor(context: TieringContext) {
    this.#context = context;
    this.#hedge = new Hedge(context.platform, context.primary);
  }

  /** What the primary tier holds decides; where it is slow to say, the durable tier may answer first. */
  read(storageKey: Buffer, options: ReadOptions): Promise<LivingSession | null> {
    const { primary } = this.#context;
    if (!primary.isInUse) return this.readDurable(storageKey, options);
    return this.#hedge.race(
      primary.tryRead(storageKey),
      (entry) => this.#readEntry(storageKey, entry, options),
      () => this.readDurable(storageKey, options),
    );
  }

  #readEntry(
    storageKey: Buffer,
    entry: PrimaryEntry | Unreached,
    options: ReadOptions,
    mayAwaitFeed = true,
  ): LivingSession | Promise<LivingSession | null> | null {
    if (entry === UNREACHED) return this.readDurable(storageKey, options);
    switch (entry.kind) {
      case 'tombstone':
        return null;
      case 'value':
        return this.#readValue(storageKey, entry, options, mayAwaitFeed);
      case 'absent':
        return this.#fill(storageKey, null, options);
      case 'hold':
      case 'lease':
        return this.readDurable(storageKey, options);
      default:
        return entry satisfies never;
    }
  }

  /** Straight from the truth, storing nothing in the primary tier. */
  async readDurable(storageKey: Buffer, options: ReadOptions): Promise<LivingSession | null> {
    const row = await this.#readRow(storageKey);
    return row === null ? null : this.#fromRow(row, options);
  }

  /** Not async: a believed copy, which most reads are, costs no promise. */
  #readValue(
    storageKey: Buffer,
    value: PrimaryValue,
    options: ReadOptions,
    mayAwaitFeed: boolean,
  ): LivingSession | Promise<LivingSession | null> | null {
    const { platform, primary, feed } = this.#context;
    const record = this.#tryOpen(storageKey, value);
    if (record === null) return this.#fill(storageKey, value, options);
    const now = platform.now();
    if (now >= record.absoluteExpiresAt) return null;
    const worth = primary.judge(value);
    // An idle deadline is not authenticated, and another node may just have moved it: the durable tier has the last word.
    if (options.consistency === 'strong' || now > value.idleExpiresAt || worth === 'foreign') {
      return this.#confirm(storageKey, value, record, options);
    }
    if (worth === 'current' && feed.isFresh) return this.#slide(fromValue(storageKey, value, record), options);
    return worth === 'current' && mayAwaitFeed
      ? this.#readAgain(storageKey, value, record, options)
      : this.#confirmIfPossible(storageKey, value, record, options);
  }

  /** Only the feed is late: once it is not, the copy is as good as any, unless the feed has just taken it away. */
  async #readAgain(
    storageKey: Buffer,
    value: PrimaryValue,
    record: SessionRecord,
    options: ReadOptions,
  ): Promise<LivingSession | null> {
    const { primary, feed } = this.#context;
    if (!(await feed.becomesFresh())) return this.#confirmIfPossible(storageKey, value, record, options);
    return this.#readEntry(storageKey, await primary.read(storageKey), options, false);
  }

  async #confirmIfPossible(
    storageKey: Buffer,
    value: PrimaryValue,
    record: SessionRecord,
    options: ReadOptions,
  ): Promise<LivingSession | null> {
    try {
      return await this.#confirm(storageKey, value, record, options);
    } catch (error) {
      if (!(error instanceof TierUnavailableError) || !(await this.#mayServeAlone(value))) throw error;
      return this.#serveAlone(storageKey, value, record, options);
    }
  }

  /** Durable-degraded: for a while the primary tier's word stands without the durable tier's. One lost statement is not that. */
  async #mayServeAlone(value: PrimaryValue): Promise<boolean> {
    const { feed, durable, primary, durableOutageReadsMs } = this.#context;
    const isDegraded = !feed.isFresh || durable.condition === 'down';
    if (!isDegraded || feed.lateMs > durableOutageReadsMs) return false;
    // The server may have become another while the durable tier was waited for.
    return (primary.isConfirmed || (await primary.confirm())) && primary.judge(value) !== 'foreign';
  }

  /** Activity moves the deadline where it can be told, and waits to be told to the durable tier. */
  #serveAlone(storageKey: Buffer, value: PrimaryValue, record: SessionRecord, options: ReadOptions): LivingSession {
    const { platform, primary, background, pendingTouches } = this.#context;
    const session = fromValue(storageKey, value, record);
    if (!options.touch || !isTouchDue(this.#context, record, value.lastSeenAt)) return session;
    const lastSeenAt = platform.now();
    const idleExpiresAt = idleDeadline(lastSeenAt, record.idleLifetimeMs, record.absoluteExpiresAt);
    const ttlMs = primaryTtl({ idleExpiresAt, absoluteExpiresAt: record.absoluteExpiresAt }, lastSeenAt);
    const { revision, stamp } = value;
    const tag = envelopeTag(value.envelope);
    pendingTouches.add(storageKey, record, lastSeenAt);
    background.run('upkeep', primary.restamp(storageKey, { revision, tag, stamp, lastSeenAt, idleExpiresAt, ttlMs }));
    return { ...session, lastSeenAt, idleExpiresAt };
  }

  /** Asks the durable tier whether the copy is still the truth, without moving the envelope again. */
  async #confirm(
    storageKey: Buffer,
    value: PrimaryValue,
    record: SessionRecord,
    options: ReadOptions,
  ): Promise<LivingSession | null> {
    const state = await this.#validate(storageKey, record, value, options);
    if (state === null || hasEnded(state, this.#context.platform.now())) {
      const isToldMore = await this.#context.pendingTouches.tell(storageKey);
      return isToldMore ? this.#confirm(storageKey, value, record, options) : null;
    }
    if (!isCopyOf(state, value)) return this.#fill(storageKey, value, options);
    const { lastSeenAt, idleExpiresAt } = state;
    return { storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'durable' };
  }

  /** A due touch validates as well: one statement does both. It must not revive what has ended for the user. */
  async #validate(
    storageKey: Buffer,
    record: SessionRecord,
    value: PrimaryValue,
    options: ReadOptions,
  ): Promise<RecordState | null> {
    const { platform, primary, durable, background } = this.#context;
    const hasIdled = platform.now() > value.idleExpiresAt;
    if (options.touch && !hasIdled && isTouchDue(this.#context, record, value.lastSeenAt)) {
      return touch(this.#context, storageKey, record);
    }
    const stamp = primary.stamp();
    const state = await durable.readState(storageKey);
    // Any other copy is about to be replaced under a lease on it, so it must still be there.
    if (state === null || isCopyOf(state, value)) {
      background.run('upkeep', spread(this.#context, storageKey, state, stamp));
    }
    return state;
  }

  /** Reads the truth and stores a copy of it, unless somebody else is about to or a mutation came between. */
  async #fill(storageKey: Buffer, over: PrimaryValue | null, options: ReadOptions): Promise<LivingSession | null> {
    const { primary, platform, background } = this.#context;
    const token = newLeaseToken(platform);
    const isLeased = (await primary.lease(storageKey, token, over)) === true;
    const stamp = isLeased ? primary.stamp() : null;
    const row = await this.#readRow(storageKey);
    if (row === null) return null;
    const session = this.#fromRow(row, options);
    if (session !== null && stamp !== null) background.run('upkeep', this.#store(row, token, stamp));
    return session;
  }

  /**
   * The row of a living session; an envelope that is remembered does not travel again. Where it says that the session has ended, the
   * durable tier may not have been told that it was used here before that: touches are collected, and told again where they failed.
   * Then it is told now, and has to be asked again.
   */
  async #readRow(storageKey: Buffer): Promise<SealedRecord | null> {
    const { durable, platform, pendingTouches, rememberedEnvelope } = this.#context;
    const row = await durable.read(storageKey, rememberedEnvelope(storageKey));
    if (row === null || !hasEnded(row, platform.now())) return row;
    return (await pendingTouches.tell(storageKey)) ? this.#readRow(storageKey) : null;
  }

  async #store(row: SealedRecord, token: string, stamp: Stamp): Promise<void> {
    const ttlMs = primaryTtl(row, this.#context.platform.now());
    if (ttlMs <= 0) return;
    const { revision, lastSeenAt, idleExpiresAt, envelope } = row;
    await this.#context.primary.fill(row.storageKey, token, {
      revision,
      stamp,
      lastSeenAt,
      idleExpiresAt,
      envelope,
      ttlMs,
    });
  }

  #fromRow(row: SealedRecord, options: ReadOptions): LivingSession | null {
    const record = this.#open(row.storageKey, row.envelope, row.revision, 'durable');
    if (this.#context.platform.now() >= record.absoluteExpiresAt) return null;
    const { storageKey, lastSeenAt, idleExpiresAt } = row;
    return this.#slide({ storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'durable' }, options);
  }

  #slide(session: LivingSession, options: ReadOptions): LivingSession {
    return options.touch ? slide(this.#context, session) : session;
  }

  #tryOpen(storageKey: Buffer, value: PrimaryValue): SessionRecord | null {
    try {
      return this.#open(storageKey, value.envelope, value.revision, 'primary');
    } catch (error) {
      if (error instanceof EnvelopeError) return null;
      throw error;
    }
  }

  /** Whoever can write to a store can pair an old envelope with a new revision, so the two have to agree. */
  #open(storageKey: Buffer, envelope: Buffer, revision: number, tier: TierRole): SessionRecord {
    try {
      const record = this.#context.openEnvelope(storageKey, envelope);
      if (record.revision !== revision) throw new EnvelopeError('rolled-back');
      return record;
    } catch (error) {
      if (error instanceof EnvelopeError && envelopeRejected.hasSubscribers) {
        envelopeRejected.publish({ tier, reason: error.reason, handle: handleOf(storageKey) });
      }
      throw error;
    }
  }
}

/** One revision may be two envelopes, where the database lost a commit and issued its revision again. */
function isCopyOf(state: RecordState, { revision, envelope }: PrimaryValue): boolean {
  return state.revision === revision && state.tag.equals(envelopeTag(envelope));
}

function fromValue(storageKey: Buffer, value: PrimaryValue, record: SessionRecord): LivingSession {
  const { lastSeenAt, idleExpiresAt } = value;
  return { storageKey, record, lastSeenAt, idleExpiresAt, servedBy: 'primary' };
}
