import type { Platform } from '../../platform/platform.ts';

/** The database cuts its time off to whole milliseconds: the true time is up to one later. */
const ROUNDING_MS = 1;

/** Estimates the database's clock from the answers that carry its time. */
export class DatabaseClock {
  readonly #platform: Platform;
  #reading: { readonly time: number; readonly sentAt: number } | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** `time` was read after `sentAt` on the monotonic clock. */
  observe(time: number, sentAt: number): void {
    this.#reading = { time, sentAt };
  }

  /** The latest that the database's clock may show now; null before the first reading. */
  latest(): number | null {
    if (this.#reading === undefined) return null;
    const { time, sentAt } = this.#reading;
    return Math.ceil(time + (this.#platform.monotonic() - sentAt)) + ROUNDING_MS;
  }

  /** True if the clock may show more than `time`. False shows that every statement answered by now was executed at `time` at the latest. */
  mayBePast(time: number | null): boolean {
    const latest = this.latest();
    return time !== null && latest !== null && latest > time;
  }
}
