import { TierUnavailableError } from '../../errors.ts';
import { PREVIOUS_KEYS_MAX } from '../../limits/durable-tier.ts';
import {
  DIRTY_WINDOW_MARGIN_MS,
  FEED_CLEAR_ROWS,
  FEED_INTERVAL_MS,
  FEED_FRESH_MS,
  FEED_OVERLAP_MS,
  FEED_PAGE_ROWS,
  FEED_PAGES_MAX,
} from '../../limits/feed.ts';
import { HEDGE_AFTER_MS } from '../../limits/primary-tier.ts';
import { earlierOf, elapsedSince, NEVER, presentMoment } from '../../platform/moment.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { CancelTimer, Platform } from '../../platform/platform.ts';
import { tombstoneTtl } from '../../session/lifetime.ts';
import type { DirtyRow, FeedPosition } from '../../tiers/durable.ts';
import { announceFailure } from '../background.ts';
import { ClockHistory } from './clock-history.ts';
import type { DurableGuard } from './durable-guard.ts';
import { UNREACHED, type PrimaryGuard } from './primary-guard.ts';

export interface DirtyFeedOptions {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
  readonly durable: DurableGuard;
  readonly revalidateAfterMs: number;
  /** Runs after each poll, whatever became of it. */
  readonly onPolled: () => void;
}

/**
 * Each node reads, each second, which rows were written while some node could not reach the primary tier, and takes their
 * older copies away. A window of time and not a queue: every node applies every mark, however often, and the order in
 * which statements commit does not matter within the overlap.
 */
export class DirtyFeed {
  readonly #options: DirtyFeedOptions;
  /** Marks from this database time on are still to be read. 0: a new process starts with the whole window. */
  #position = 0;
  readonly #databaseClock: ClockHistory;
  /** A mark that is older than this by the database's clock is of no use to anybody. */
  readonly #markLifeMs: number;
  /** Start of the last poll of which everything was applied; or of the question to the primary tier who it is, if that was before. */
  #freshAt = NEVER;
  /** What was applied within the overlap, so that it is not applied each second again. */
  readonly #applied = new Map<string, number>();
  #polling: Promise<void> | undefined;
  /** Start of the last poll, whatever became of it. */
  #polledAt = NEVER;
  readonly #awaiting: CoarseTimeouts<() => void>;
  #cancelTimer: CancelTimer | undefined;
  #hasPolled = false;
  #isStopped = false;

  constructor(options: DirtyFeedOptions) {
    this.#options = options;
    this.#markLifeMs = FEED_OVERLAP_MS + options.revalidateAfterMs + DIRTY_WINDOW_MARGIN_MS;
    this.#databaseClock = new ClockHistory(this.#markLifeMs);
    this.#awaiting = new CoarseTimeouts(options.platform, HEDGE_AFTER_MS, (giveUp) => giveUp());
  }

  /** How long, in milliseconds, nothing is known of what other nodes could not tell the primary tier. */
  get lateMs(): number {
    return elapsedSince(this.#options.platform, this.#freshAt);
  }

  /** It has been read, but not lately. */
  get isLate(): boolean {
    return this.#hasPolled && !this.isFresh;
  }

  get isFresh(): boolean {
    return this.lateMs <= FEED_FRESH_MS;
  }

  /** Polls now and then each second. Resolves after the first poll, whatever came of it. */
  async start(): Promise<void> {
    if (this.#cancelTimer === undefined) await this.poll();
  }

  /** Polls now, unless a poll is under way; then waits for that one. Never rejects: a failed poll is a late one. */
  poll(): Promise<void> {
    this.#polling ??= this.#pollOnce().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /**
   * Waits for the poll that is under way or due, as long as reads wait for a slow tier; whether it made the feed fresh. A process that
   * stood still has many reads that doubt their copies for want of this one statement.
   */
  async becomesFresh(): Promise<boolean> {
    // Its timer is overdue then, but sockets may be read first.
    const isDue = elapsedSince(this.#options.platform, this.#polledAt) >= FEED_INTERVAL_MS;
    if (this.#polling === undefined && !isDue) return false;
    // The one under way may have begun before the standstill.
    const polling = this.poll().then(() => (this.isFresh ? undefined : this.poll()));
    await new Promise<void>((resolve) => {
      this.#awaiting.begin(resolve);
      void polling.then(() => {
        this.#awaiting.end(resolve);
        resolve();
      });
    });
    return this.isFresh;
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
    const startedAt = presentMoment(this.#options.platform);
    this.#polledAt = startedAt;
    try {
      if (await this.#readAll()) {
        this.#freshAt = earlierOf(startedAt, this.#options.primary.confirmedAt);
        await this.#clear();
      }
    } catch (error) {
      // Nobody waits for what this throws. A tier that throws what it must not is a late one.
      if (!(error instanceof TierUnavailableError)) announceFailure('feed', error);
    } finally {
      this.#hasPolled = true;
      this.#options.onPolled();
      this.#schedule(Math.max(FEED_INTERVAL_MS - elapsedSince(this.#options.platform, startedAt), 0));
    }
  }

  /** A poll may wait for the database for longer than that; the primary tier is asked each second all the same. */
  #schedule(waitMs: number): void {
    this.#cancelTimer?.();
    if (this.#isStopped) return;
    const onDue = (): void => {
      this.#schedule(FEED_INTERVAL_MS);
      void this.#options.primary.confirm();
      void this.poll();
    };
    this.#cancelTimer = this.#options.platform.after(waitMs, onDue, 'background');
  }

  /** True if everything there was is applied. The position moves only then. */
  async #readAll(): Promise<boolean> {
    const { primary } = this.#options;
    // Nothing can be applied to a tier out of use, and nothing from it is served meanwhile.
    if (!(await primary.confirm())) return this.#readClock();
    let position: FeedPosition | number = this.#position;
    let next = 0;
    for (let page = 1; ; page += 1) {
      const { rows, clockMayHaveShown } = await this.#readPage(position);
      if (page === 1) {
        next = clockMayHaveShown;
        if (next < this.#position) return this.#goBack(next);
      }
      if (!(await this.#applyAll(rows))) return false;
      const last = rows.at(-1);
      if (last === undefined || rows.length < FEED_PAGE_ROWS) break;
      position = last;
      if (page === FEED_PAGES_MAX) {
        // A backlog like this is quicker to disbelieve than to read.
        primary.raiseTrustFloor();
        break;
      }
    }
    this.#position = Math.max(this.#position, next);
    for (const [key, dirtyAt] of this.#applied) if (dirtyAt < this.#position) this.#applied.delete(key);
    return true;
  }

  /** Writes get their deadlines by the database's clock, which may be set at any time: it is read even where marks are of no use. */
  async #readClock(): Promise<false> {
    await this.#readPage(Number.MAX_SAFE_INTEGER);
    return false;
  }

  /** The database's clock was set back: marks are made that lie before the position, and some may have been missed. */
  #goBack(position: number): Promise<boolean> {
    this.#options.primary.raiseTrustFloor();
    this.#position = position;
    return this.#readAll();
  }

  /** `clockMayHaveShown`: no mark that is committed from now on is dated earlier. */
  async #readPage(
    position: FeedPosition | number,
  ): Promise<{ readonly rows: readonly DirtyRow[]; readonly clockMayHaveShown: number }> {
    const { platform, durable } = this.#options;
    const sentAt = platform.monotonic();
    const { now, rows } = await durable.feed.read(position, FEED_PAGE_ROWS);
    const receivedAt = platform.monotonic();
    this.#databaseClock.observe(now, sentAt, receivedAt);
    return { rows, clockMayHaveShown: this.#databaseClock.leastWithin(FEED_OVERLAP_MS, sentAt) };
  }

  async #applyAll(rows: readonly DirtyRow[]): Promise<boolean> {
    const fresh = rows.filter((row) => this.#applied.get(nameOf(row)) !== row.dirtyAt);
    const answers = await Promise.all(fresh.map((row) => this.#apply(row)));
    return answers.every(Boolean);
  }

  /** A revoked row and every earlier key are dead for good; of a living row, copies of lower revisions and leases go. */
  async #apply(row: DirtyRow): Promise<boolean> {
    const { primary, platform } = this.#options;
    // It may have had earlier keys since the last poll, which it does not remember.
    if (row.previousKeys.length >= PREVIOUS_KEYS_MAX) primary.raiseTrustFloor();
    const ttlMs = tombstoneTtl(row.absoluteExpiresAt, platform.now());
    const steps = [
      row.isRevoked ? primary.tombstone(row.storageKey, ttlMs) : primary.evict(row.storageKey, row.revision),
      ...row.previousKeys.map((key) => primary.tombstone(key, ttlMs)),
    ];
    const answers = await Promise.all(steps);
    // Also where a step failed: that opened the breaker, and the trust floor that rises as it closes covers this mark. Tried again,
    // one key that cannot be changed would keep the feed from ever being fresh.
    this.#applied.set(nameOf(row), row.dirtyAt);
    return answers.every((answer) => answer !== UNREACHED);
  }

  /**
   * Marks are cleared by age alone: when no copy from before them can still be believed anywhere. Not before the database's clock
   * has been watched for that long: one that was set forward makes all marks look old. Earlier keys go with them, and are dated by the
   * clocks of nodes: this node's has to agree, or a database that is an hour ahead forgets them at once.
   */
  async #clear(): Promise<void> {
    const { durable, platform } = this.#options;
    const now = platform.monotonic();
    if (!this.#databaseClock.covers(this.#markLifeMs, now)) return;
    const before = Math.min(this.#databaseClock.leastWithin(this.#markLifeMs, now), platform.now() - this.#markLifeMs);
    if (before > 0) await durable.feed.clear(before, FEED_CLEAR_ROWS);
  }
}

function nameOf(row: DirtyRow): string {
  return `${row.storageKey.toString('latin1')}${row.revision}`;
}
