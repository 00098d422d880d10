import { FEED_FRESH_MS, FEED_INTERVAL_MS } from '../../limits/feed.ts';
import { earlierOf, elapsedSince, NEVER, presentMoment, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';

/** Whether copies in the primary tier may be believed: whether this node knows of what other nodes wrote without it. */
export class Freshness {
  readonly #platform: Platform;
  /** Start of the last poll, whatever became of it. */
  #begunAt = NEVER;
  /** The moment from before which everything is applied. */
  #appliedAt = NEVER;
  #hasPolled = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** How long, in milliseconds, nothing is known of what other nodes could not write to the primary tier. */
  get lateMs(): number {
    return elapsedSince(this.#platform, this.#appliedAt);
  }

  get isFresh(): boolean {
    return this.lateMs <= FEED_FRESH_MS;
  }

  /** The feed has been read, but not lately. */
  get isLate(): boolean {
    return this.#hasPolled && !this.isFresh;
  }

  /** The time for the next poll has come; its timer may be late. */
  get isDue(): boolean {
    return elapsedSince(this.#platform, this.#begunAt) >= FEED_INTERVAL_MS;
  }

  /** A poll begins now. */
  begin(): Moment {
    this.#begunAt = presentMoment(this.#platform);
    return this.#begunAt;
  }

  /** Everything is applied that was marked before the poll began; the primary tier's incarnation was confirmed at `confirmedAt`. */
  apply(begunAt: Moment, confirmedAt: Moment): void {
    this.#appliedAt = earlierOf(begunAt, confirmedAt);
  }

  /** The poll has ended, whatever became of it. */
  end(): void {
    this.#hasPolled = true;
  }
}
