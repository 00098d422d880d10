import { aliveAt } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { TierHealth } from '../telemetry/health.ts';
import type { InsertOutcome, WalkPage } from '../tiers/durable.ts';
import { createContext, type LivingSession, type Tally, type TieringContext, type TieringOptions } from './context.ts';
import { readAfterMiss } from './read/after-miss.ts';
import { inspect, type Inspection } from './read/inspect.ts';
import { pagesOfUser } from './read/list-path.ts';
import type { ReadOptions } from './read/copy.ts';
import { ReadPath } from './read/read-path.ts';
import { TiersHealth } from './trust/tiers-health.ts';
import { destroyEach } from './write/destroy-each-path.ts';
import { destroyLatecomersLater, destroyMany } from './write/destroy-many-path.ts';
import { destroy, findMoved } from './write/destroy-path.ts';
import { regenerate, type Regeneration } from './write/regenerate-path.ts';
import { isTouchDue, slide, touch } from './write/touch-path.ts';
import { create, update, type Naming, type Replaced } from './write/write-path.ts';

/** The options of the coordinator. */
export interface TieredStoreOptions extends TieringOptions {
  readonly namespace: string;
}

/**
 * The coordinator of the two tiers: writes go through the durable tier first, reads come from the primary one while it
 * can be believed. Each method names a row of the protocol's table (docs/internals/protocol.md); the steps live in the
 * file named after it.
 */
export class TieredStore {
  readonly #options: TieredStoreOptions;
  readonly #context: TieringContext;
  readonly #health: TiersHealth;
  readonly #reads: ReadPath;

  constructor(options: TieredStoreOptions) {
    this.#options = options;
    this.#context = createContext(options);
    this.#health = new TiersHealth(this.#context);
    this.#reads = new ReadPath(this.#context);
  }

  /** Rejects with a `misconfigured` failure only. Called once. */
  openPrimary(): Promise<void> {
    const { namespace, platform, primaryTimeoutMs } = this.#options;
    return this.#context.primary.open({ namespace, platform, timeoutMs: primaryTimeoutMs });
  }

  /** Begins to follow the dirty feed; no copy of the primary tier is believed before. */
  startFeed(): Promise<void> {
    return this.#context.feed.start();
  }

  get primaryHealth(): TierHealth {
    return this.#health.primary;
  }

  get durableHealth(): TierHealth {
    return this.#health.durable;
  }

  create(record: SealedRecord, naming: Naming): Promise<InsertOutcome> {
    return create(this.#context, record, naming);
  }

  read(storageKey: Buffer, options: ReadOptions): Promise<LivingSession | null> {
    if (this.#refuses(storageKey)) return Promise.resolve(null);
    return this.#reads.read(storageKey, options);
  }

  /** Reads the durable tier. */
  readDurable(storageKey: Buffer): Promise<LivingSession | null> {
    if (this.#refuses(storageKey)) return Promise.resolve(null);
    return this.#reads.readDurable(storageKey, { consistency: 'strong', touch: false });
  }

  /** Reads the durable tier after a compare-and-swap that did not find `missed`. */
  readAfterMiss(storageKey: Buffer, missed: SessionRecord): Promise<LivingSession | null> {
    if (this.#refuses(storageKey)) return Promise.resolve(null);
    return readAfterMiss(this.#context, storageKey, missed);
  }

  /** False if another write came first or the session is gone. */
  update(record: SealedRecord, replaced: Replaced): Promise<boolean> {
    if (this.#refuses(record.storageKey)) return Promise.resolve(false);
    return update(this.#context, record, replaced);
  }

  /** False if the session is gone. Does no I/O if the idle deadline has moved lately. */
  async touch(session: LivingSession): Promise<boolean> {
    if (this.#refuses(session.storageKey)) return false;
    if (!isTouchDue(this.#context, session.record, session.lastSeenAt)) return true;
    return (await touch(this.#context, session.storageKey, session.record)) !== null;
  }

  /**
   * Moves the idle deadline as a read does that counts as activity: written to the durable tier within a second, without
   * waiting.
   */
  slide(session: LivingSession): void {
    slide(this.#context, session);
  }

  /** False if another write came first or the session is gone. */
  async regenerate(regeneration: Regeneration): Promise<boolean> {
    if (this.#refuses(regeneration.previousStorageKey)) return false;
    return regenerate(this.#context, regeneration);
  }

  /** True if the session was alive. `isKnown`: the caller has seen the session, so it is not looked for. */
  destroy(storageKey: Buffer, isKnown = false): Promise<boolean> {
    return destroy(this.#context, storageKey, isKnown);
  }

  /** Returns how many of these were alive, and counts them in `tally`, as the next two do. */
  destroyEach(storageKeys: readonly Buffer[], tally: Tally = { alive: 0 }): Promise<number> {
    return destroyEach(this.#context, storageKeys, tally);
  }

  /** True if a living session had this key until lately. */
  async hasMoved(storageKey: Buffer): Promise<boolean> {
    return (await findMoved(this.#context, storageKey))?.isRevoked === false;
  }

  /** Ends every session of the namespace. Returns how many were alive. */
  destroyAll(tally: Tally = { alive: 0 }): Promise<number> {
    return destroyMany(this.#context, 'everyone', null, tally);
  }

  /** Ends a user's sessions but the one with the key `except`. Returns how many were alive. */
  async destroyByUser(
    userKeys: readonly Buffer[],
    except: Buffer | null,
    tally: Tally = { alive: 0 },
  ): Promise<number> {
    const calledAt = this.#context.platform.now();
    const count = await destroyMany(this.#context, userKeys, except, tally);
    destroyLatecomersLater(this.#context, userKeys, except, calledAt);
    return count;
  }

  /** A user's rows that are not revoked, page by page. */
  async *listByUser(userKeys: readonly Buffer[]): AsyncGenerator<SealedRecord[], void> {
    for await (const rows of pagesOfUser(this.#context, userKeys)) {
      yield rows.filter(({ storageKey }) => !this.#refuses(storageKey));
    }
  }

  /** The next of all sessions that any node may still call alive; see `DurableTier.walk`. */
  walk(after: Buffer, limit: number): Promise<WalkPage> {
    const { durable, platform, touchIntervalMs } = this.#context;
    return durable.upkeep.walk({ after, limit, aliveAt: aliveAt(platform.now(), touchIntervalMs) });
  }

  /** The row as it is stored; null if there is none or it is revoked. */
  async readRow(storageKey: Buffer): Promise<SealedRecord | null> {
    if (this.#refuses(storageKey)) return null;
    return this.#context.durable.sessions.read(storageKey);
  }

  /** Returns the contents of both tiers for this key, for a person who looks. */
  inspect(storageKey: Buffer): Promise<Inspection> {
    return inspect(this.#context, storageKey);
  }

  /** Uses no server of the primary tier any more: this node is about to leave the fleet. What is still written is marked dirty. */
  retire(): void {
    this.#health.stop();
    this.#context.masters.retire();
  }

  /** Writes what is pending, for as long as a write may take, and ends what runs in the background. */
  async drain(): Promise<void> {
    const { masters, feed, background, pendingTouches, pendingRevocations } = this.#context;
    this.#health.stop();
    await pendingTouches.close();
    await pendingRevocations.close();
    await masters.stop();
    await feed.stop();
    await background.drained();
  }

  /** Closes the primary tier, after `drain`. The durable one is closed by its owner. */
  closePrimary(): Promise<void> {
    return this.#context.primary.close();
  }

  /** A session whose revocation is pending counts as ended on this node. */
  #refuses(storageKey: Buffer): boolean {
    return this.#context.pendingRevocations.refuses(storageKey);
  }
}
