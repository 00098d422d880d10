import type { Platform } from '../platform/platform.ts';
import { aliveAt } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { TierHealth } from '../telemetry/standing.ts';
import type { DurableTier, Fleet, InsertOutcome, MoveUserKeyCommand, WalkPage } from '../tiers/durable.ts';
import type { PrimaryTier } from '../tiers/primary.ts';
import { Background } from './background.ts';
import type { LivingSession, OpenEnvelope, RememberedEnvelope, TieringContext } from './context.ts';
import { destroyEach } from './write/destroy-each-path.ts';
import { destroyLatecomersLater, destroyMany } from './write/destroy-many-path.ts';
import { destroy, findMoved } from './write/destroy-path.ts';
import { DirtyFeed } from './trust/dirty-feed.ts';
import { DurableGuard } from './trust/durable-guard.ts';
import { InsertsInDoubt } from './recovery/inserts-in-doubt.ts';
import { pagesOfUser } from './read/list-path.ts';
import { PendingRevocations } from './recovery/pending-revocations.ts';
import { PendingTouches } from './recovery/pending-touches.ts';
import { PrimaryGuard } from './trust/primary-guard.ts';
import type { ReadOptions } from './read/copy.ts';
import { ReadPath } from './read/read-path.ts';
import { regenerate, type Regeneration } from './write/regenerate-path.ts';
import { isTouchDue, slide, touch } from './write/touch-path.ts';
import { sweepPage, type SweptPage } from './write/sweep-path.ts';
import { Sweeper, type SweepPlan } from './recovery/sweeper.ts';
import { TierStandings } from './trust/tier-standings.ts';
import { create, update, type Naming, type Replaced } from './write/write-path.ts';

export interface TieredStoreOptions {
  readonly primary: PrimaryTier;
  readonly durable: DurableTier;
  readonly namespace: string;
  readonly platform: Platform;
  readonly openEnvelope: OpenEnvelope;
  readonly rememberedEnvelope: RememberedEnvelope;
  readonly primaryTimeoutMs: number;
  readonly durableTimeoutMs: number;
  readonly revalidateAfterMs: number;
  readonly touchIntervalMs: number;
  readonly durableOutageReadsMs: number;
  /** Null: this node never sweeps by itself. */
  readonly sweep: SweepPlan | null;
}

/**
 * The coordinator of the two tiers: writes go through the durable tier first, reads come from the primary one while it
 * can be believed. Each method names a row of the protocol's table (docs/internals/protocol.md); the steps live in the
 * file named after it.
 */
export class TieredStore {
  readonly #options: TieredStoreOptions;
  readonly #context: TieringContext;
  readonly #standings: TierStandings;
  readonly #reads: ReadPath;
  readonly #revocations: PendingRevocations;
  readonly #pendingTouches: PendingTouches;
  readonly #sweeper: Sweeper | null;

  constructor(options: TieredStoreOptions) {
    const { platform } = options;
    this.#options = options;
    const { revalidateAfterMs, durableTimeoutMs } = options;
    const primary = new PrimaryGuard({
      tier: options.primary,
      platform,
      timeoutMs: options.primaryTimeoutMs,
      revalidateAfterMs,
      onReturn: () => void this.#context.feed.poll(),
      onChange: () => this.#standings.primaryChanged(),
    });
    const durable = new DurableGuard(
      options.durable,
      platform,
      durableTimeoutMs,
      () => this.#durableReturned(),
      () => this.#standings.durableChanged(),
    );
    const onPolled = (): void => this.#standings.refresh();
    const feed = new DirtyFeed({ platform, primary, durable, revalidateAfterMs, onPolled });
    this.#standings = new TierStandings({ platform, primary, durable, feed });
    const { touchIntervalMs } = options;
    const background = new Background();
    this.#pendingTouches = new PendingTouches({
      platform,
      primary,
      durable,
      background,
      durableTimeoutMs,
      touchIntervalMs,
    });
    this.#revocations = new PendingRevocations({ platform, durable, background, durableTimeoutMs });
    this.#context = {
      platform,
      primary,
      durable,
      feed,
      background,
      pendingTouches: this.#pendingTouches,
      revocations: this.#revocations,
      insertsInDoubt: new InsertsInDoubt({ platform, durableTimeoutMs }),
      openEnvelope: options.openEnvelope,
      rememberedEnvelope: options.rememberedEnvelope,
      touchIntervalMs,
      durableTimeoutMs,
      durableOutageReadsMs: options.durableOutageReadsMs,
    };
    this.#reads = new ReadPath(this.#context);
    this.#sweeper = options.sweep && new Sweeper(this.#context, options.sweep);
  }

  /** Rejects with a `TierFailure` of the durable tier. May be called again. */
  openDurable(): Promise<void> {
    const { namespace, platform, durableTimeoutMs, sweep } = this.#options;
    return this.#context.durable.open({ namespace, platform, timeoutMs: durableTimeoutMs, sweeps: sweep !== null });
  }

  /** Rejects with a `misconfigured` failure only. Called once. */
  openPrimary(): Promise<void> {
    const { namespace, platform, primaryTimeoutMs } = this.#options;
    return this.#context.primary.open({ namespace, platform, timeoutMs: primaryTimeoutMs });
  }

  /**
   * Begins to listen to what other nodes could not tell the primary tier; nothing from there is believed before. And to sweep,
   * in a while.
   */
  startFeed(): Promise<void> {
    this.#sweeper?.start();
    return this.#context.feed.start();
  }

  get primaryHealth(): TierHealth {
    return this.#standings.primary;
  }

  get durableHealth(): TierHealth {
    return this.#standings.durable;
  }

  create(record: SealedRecord, naming: Naming): Promise<InsertOutcome> {
    return create(this.#context, record, naming);
  }

  read(storageKey: Buffer, options: ReadOptions): Promise<LivingSession | null> {
    if (this.#revocations.refuses(storageKey)) return Promise.resolve(null);
    return this.#reads.read(storageKey, options);
  }

  /** After a lost compare-and-swap: what the durable tier has now. */
  readDurable(storageKey: Buffer): Promise<LivingSession | null> {
    if (this.#revocations.refuses(storageKey)) return Promise.resolve(null);
    return this.#reads.readDurable(storageKey, { consistency: 'strong', touch: false });
  }

  /** False if another write came first or the session is gone. */
  async update(record: SealedRecord, replaced: Replaced): Promise<boolean> {
    if (this.#revocations.refuses(record.storageKey)) return false;
    return update(this.#context, record, replaced);
  }

  /** False if the session is gone. Asks nobody if the idle deadline has moved lately. */
  async touch(session: LivingSession): Promise<boolean> {
    if (this.#revocations.refuses(session.storageKey)) return false;
    if (!isTouchDue(this.#context, session.record, session.lastSeenAt)) return true;
    return (await touch(this.#context, session.storageKey, session.record)) !== null;
  }

  /** Moves the idle deadline as a read does that counts as activity: the durable tier is told within a second. Asks nobody. */
  slide(session: LivingSession): void {
    slide(this.#context, session);
  }

  /** False if another write came first or the session is gone. */
  async regenerate(regeneration: Regeneration): Promise<boolean> {
    if (this.#revocations.refuses(regeneration.previousStorageKey)) return false;
    return regenerate(this.#context, regeneration);
  }

  /** `isKnown`: the caller has seen the session, which need not be looked for. */
  destroy(storageKey: Buffer, isKnown = false): Promise<boolean> {
    return destroy(this.#context, storageKey, isKnown);
  }

  /** How many of these were alive. */
  destroyEach(storageKeys: readonly Buffer[]): Promise<number> {
    return destroyEach(this.#context, storageKeys);
  }

  /** Whether a living session had this key until lately. */
  async hasMoved(storageKey: Buffer): Promise<boolean> {
    return (await findMoved(this.#context, storageKey))?.isRevoked === false;
  }

  /** Every session of the namespace. */
  destroyAll(): Promise<number> {
    return destroyMany(this.#context, 'everyone', null);
  }

  async destroyByUser(userKeys: readonly Buffer[], except: Buffer | null): Promise<number> {
    const calledAt = this.#context.platform.now();
    const count = await destroyMany(this.#context, userKeys, except);
    destroyLatecomersLater(this.#context, userKeys, except, calledAt);
    return count;
  }

  /** A user's rows that are not revoked, page by page. */
  async *listByUser(userKeys: readonly Buffer[]): AsyncGenerator<SealedRecord[], void> {
    for await (const rows of pagesOfUser(this.#context, userKeys)) {
      yield rows.filter(({ storageKey }) => !this.#revocations.refuses(storageKey));
    }
  }

  get fleet(): Fleet {
    return this.#context.durable.fleet;
  }

  /** The next of all sessions that any node may still call alive; see `DurableTier.walk`. */
  walk(after: Buffer, limit: number): Promise<WalkPage> {
    const { durable, platform, touchIntervalMs } = this.#context;
    return durable.upkeep.walk({ after, limit, aliveAt: aliveAt(platform.now(), touchIntervalMs) });
  }

  /** The row as it is stored; null if there is none or it is revoked. */
  async readRow(storageKey: Buffer): Promise<SealedRecord | null> {
    if (this.#revocations.refuses(storageKey)) return null;
    return this.#context.durable.sessions.read(storageKey);
  }

  /** False if the session is gone or filed under another key meanwhile. */
  moveUserKey(command: MoveUserKeyCommand): Promise<boolean> {
    return this.#context.durable.upkeep.moveUserKey(command);
  }

  /** Deletes those of the next rows that ended long ago. */
  sweepPage(after: Buffer, revokedRetentionMs: number): Promise<SweptPage> {
    return sweepPage(this.#context, after, revokedRetentionMs);
  }

  async close(): Promise<void> {
    this.#standings.stop();
    await this.#sweeper?.stop();
    await this.#pendingTouches.close();
    await this.#revocations.close();
    await this.#context.feed.stop();
    await this.#context.background.drained();
    await Promise.all([this.#context.primary.close(), this.#context.durable.close()]);
  }

  /** What the durable tier missed comes before anything else that it is asked. */
  #durableReturned(): void {
    const { background, pendingTouches, feed } = this.#context;
    this.#revocations.durableReturned();
    background.run('touch', pendingTouches.flush());
    void feed.poll();
  }
}
