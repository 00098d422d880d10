import { FEED_FRESH_MS, FEED_INTERVAL_MS } from '../../limits/feed.ts';
import { earlierOf, elapsedSince, NEVER, presentMoment, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';

/** Knows whether copies in the primary tier may be believed: whether this node has read lately what other nodes wrote without that tier. */
export class Freshness {
  readonly #platform: Platform;
  /** The start of the last poll, whatever became of it. */
  #begunAt = NEVER;
  /** The moment from before which everything is applied. */
  #appliedAt = NEVER;
  #hasPolled = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The milliseconds for which nothing is known of what other nodes could not write to the primary tier. */
  get lateMs(): number {
    return elapsedSince(this.#platform, this.#appliedAt);
  }

  get isFresh(): boolean {
    return this.lateMs <= FEED_FRESH_MS;
  }

  /** True if the feed is fresh, and this moment lies no further back than that allows. */
  isFreshWith(confirmedAt: Moment): boolean {
    return elapsedSince(this.#platform, earlierOf(this.#appliedAt, confirmedAt)) <= FEED_FRESH_MS;
  }

  /** True if the feed has been read, but not lately. */
  get isLate(): boolean {
    return this.#hasPolled && !this.isFresh;
  }

  /** True if it is time for the next poll; its timer may be late. */
  get isDue(): boolean {
    return elapsedSince(this.#platform, this.#begunAt) >= FEED_INTERVAL_MS;
  }

  /** Notes that a poll begins now. */
  begin(): Moment {
    this.#begunAt = presentMoment(this.#platform);
    return this.#begunAt;
  }

  /** Notes that everything is applied that was marked before the poll began. */
  apply(begunAt: Moment): void {
    this.#appliedAt = begunAt;
  }

  /** Notes that the poll has ended, whatever became of it. */
  end(): void {
    this.#hasPolled = true;
  }
}
