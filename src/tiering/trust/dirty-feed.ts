import { TierUnavailableError } from '../../errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../limits/durable-tier.ts';
import { FEED_CLEAR_ROWS, FEED_INTERVAL_MS, FEED_PAGE_ROWS, FEED_PAGES_MAX } from '../../limits/feed.ts';
import { HEDGE_AFTER_MS } from '../../limits/primary-tier.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import { Listeners } from '../../platform/listeners.ts';
import { elapsedSince } from '../../platform/moment.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';
import { tombstoneTtl } from '../../session/lifetime.ts';
import type { DirtyRow, FeedPosition } from '../../tiers/durable.ts';
import { announceFailure } from '../background.ts';
import type { DurableGuard } from '../guard/durable-guard.ts';
import type { MasterKeeper } from '../masters/master-keeper.ts';
import { FeedCursor } from './feed-cursor.ts';
import { Freshness } from './freshness.ts';
import type { PrimaryGuard } from '../guard/primary-guard.ts';

export interface DirtyFeedOptions {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
  readonly durable: DurableGuard;
  readonly masters: MasterKeeper;
  readonly revalidateAfterMs: number;
}

/**
 * Reads each second which rows were written while some node could not reach the primary tier, and takes their older copies away.
 * The feed is a window of time and not a queue: every node applies every mark, however often, and the order in which statements
 * commit does not matter within the overlap.
 */
export class DirtyFeed {
  /** Notifies after each poll, whatever became of it. */
  readonly polled: Listeners = new Listeners();
  readonly #options: DirtyFeedOptions;
  readonly #cursor: FeedCursor;
  readonly freshness: Freshness;
  readonly #awaiting: CoarseTimeouts<() => void>;
  #polling: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(options: DirtyFeedOptions) {
    this.#options = options;
    this.#cursor = new FeedCursor(options.revalidateAfterMs);
    this.freshness = new Freshness(options.platform);
    this.#awaiting = new CoarseTimeouts(options.platform, HEDGE_AFTER_MS, (giveUp) => giveUp());
  }

  /**
   * Polls now and then each second. Resolves after the first poll, whatever came of it, and another one if this node was the first to
   * name the servers of the primary tier.
   */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    await this.#options.masters.start(() => this.catchUp());
  }

  /** Polls now, unless a poll is under way; then waits for that one. Never rejects: a failed poll is a late one. */
  poll(): Promise<void> {
    if (this.#isStopped) return this.#polling ?? Promise.resolve();
    this.#polling ??= this.#pollOnce().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /** True if copies of this key may be believed: the feed was read lately, and the server of the key has lately confirmed its incarnation. */
  isFreshFor(storageKey: Buffer): boolean {
    return this.freshness.isFreshWith(this.#options.primary.confirmedAt(storageKey));
  }

  /**
   * Waits for the poll that is under way or due, as long as reads wait for a slow tier. True if copies of this key may be believed then.
   * After a process was blocked, many reads doubt their copies for want of this one statement.
   */
  async becomesFresh(storageKey: Buffer): Promise<boolean> {
    if (this.#polling === undefined && !this.freshness.isDue) return false;
    // The poll under way may have begun before the process was blocked.
    const polling = this.poll().then(() => (this.isFreshFor(storageKey) ? undefined : this.poll()));
    await new Promise<void>((resolve) => {
      this.#awaiting.begin(resolve);
      void polling.then(() => {
        this.#awaiting.end(resolve);
        resolve();
      });
    });
    return this.isFreshFor(storageKey);
  }

  /** Resolves after a poll that began no earlier than this call: every mark that was there before it is applied, if it can be. */
  async catchUp(): Promise<void> {
    await this.#polling;
    await this.poll();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#polling;
  }

  async #pollOnce(): Promise<void> {
    this.#schedule(FEED_INTERVAL_MS);
    const { platform } = this.#options;
    const begunAt = this.freshness.begin();
    try {
      this.#options.masters.begin(begunAt);
      if (await this.#readAll()) {
        this.freshness.apply(begunAt);
        await this.#clear();
      }
    } catch (error) {
      // No caller waits for what this throws. A tier that throws what it must not is a late one.
      if (!(error instanceof TierUnavailableError)) announceFailure('feed', error);
    } finally {
      this.freshness.end();
      this.polled.notify();
      this.#schedule(Math.max(FEED_INTERVAL_MS - elapsedSince(platform, begunAt), 0));
    }
  }

  /** Schedules the next poll. A poll may take longer than the interval; the primary tier is asked each second all the same. */
  #schedule(waitMs: number): void {
    this.#cancelTimer?.();
    if (this.#isStopped) return;
    const onDue = (): void => {
      this.#schedule(FEED_INTERVAL_MS);
      void this.#options.primary.confirmAll();
      void this.poll();
    };
    this.#cancelTimer = this.#options.platform.after(waitMs, onDue, 'background');
  }

  /** True if everything there was is applied. The cursor advances only then. */
  async #readAll(): Promise<boolean> {
    const { primary } = this.#options;
    await primary.confirmAll();
    // Nothing can be applied to a tier that is away, and nothing from it is served meanwhile. A server that waits may count by this poll.
    if (!primary.isConnected) return this.#readClock();
    let position: FeedPosition | number = this.#cursor.position;
    let next = 0;
    for (let page = 1; ; page += 1) {
      const { rows, earliest } = await this.#readPage(position);
      if (page === 1) {
        next = earliest;
        if (this.#cursor.followBackTo(next)) return this.#readAgain();
      }
      await this.#applyAll(rows);
      const last = rows.at(-1);
      if (last === undefined || rows.length < FEED_PAGE_ROWS) break;
      position = last;
      if (page === FEED_PAGES_MAX) {
        // A backlog like this is quicker to disbelieve than to read.
        primary.raiseFloors();
        break;
      }
    }
    this.#cursor.advanceTo(next);
    return true;
  }

  /** Reads only the database's clock, and the names: writes get their deadlines by the clock, and it may be set at any time. */
  async #readClock(): Promise<false> {
    await this.#readPage(Number.MAX_SAFE_INTEGER);
    return false;
  }

  /** Reads from the position to which a clock that was set back has led; some marks before the old position may have been missed. */
  #readAgain(): Promise<boolean> {
    this.#options.primary.raiseFloors();
    return this.#readAll();
  }

  /** `earliest`: no mark that is committed from now on is dated earlier. */
  async #readPage(
    position: FeedPosition | number,
  ): Promise<{ readonly rows: readonly DirtyRow[]; readonly earliest: number }> {
    const { platform, durable, masters } = this.#options;
    const sentAt = platform.monotonic();
    const page = await durable.feed.read(position, FEED_PAGE_ROWS);
    masters.take(page);
    const { now, rows } = page;
    return { rows, earliest: this.#cursor.observe(now, sentAt, platform.monotonic()) };
  }

  async #applyAll(rows: readonly DirtyRow[]): Promise<void> {
    const fresh = rows.filter((row) => !this.#cursor.hasApplied(row));
    await Promise.all(fresh.map((row) => this.#apply(row)));
  }

  /**
   * Entombs a revoked row and every earlier key; evicts copies of lower revisions, and the lease, of a living row. Each step goes to the
   * shard of its key. A shard that is out of use, or fails here, believes nothing from before when it is used again: its trust floor
   * rises above the copies that the mark is about. So the mark counts as applied, and the other shards are read all the same.
   */
  async #apply(row: DirtyRow): Promise<void> {
    const { primary, platform } = this.#options;
    // It may have had earlier keys since the last poll, which it does not remember.
    if (row.previousKeys.length >= PREVIOUS_KEYS_MAX) primary.raiseFloors();
    const ttlMs = tombstoneTtl(row.absoluteExpiresAt, platform.now());
    const steps = [
      row.isRevoked ? primary.tombstone(row.storageKey, ttlMs) : primary.evict(row.storageKey, row.revision),
      ...row.previousKeys.map((key) => primary.tombstone(key, ttlMs)),
    ];
    await Promise.all(steps);
    this.#cursor.noteApplied(row);
  }

  async #clear(): Promise<void> {
    const { durable, platform } = this.#options;
    const before = this.#cursor.clearableBefore(platform.now(), platform.monotonic());
    if (before !== null && before > 0) await durable.feed.clear(before, FEED_CLEAR_ROWS);
  }
}
