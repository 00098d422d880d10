import { COARSE_TICK_COUNTED_MS_MAX, COARSE_TICK_MS } from '../limits/process.ts';
import type { Platform } from './platform.ts';

/**
 * Timeouts of one length for many calls, under one timer. Time in which this process was blocked (a long computation, a
 * garbage collection, no processor) hardly counts, since no answer could be read. A call expires only after the sockets
 * were read once more: its answer may lie there.
 */
export class CoarseTimeouts<Waiting> {
  readonly #platform: Platform;
  readonly #waitMs: () => number;
  readonly #onExpired: (waiting: Waiting) => void;
  /**
   * The waiting calls in the order in which they began, which is the order in which they expire, each with the time
   * counted until then.
   */
  #waiting = new Map<Waiting, number>();
  #countedMs = 0;
  #tickedAt = 0;
  #isTicking = false;

  /**
   * Calls `onExpired` with each call that has waited `waitMs`: never sooner, and at most three ticks later. The call no
   * longer waits then. Where `waitMs` is a function, its latest value counts for every waiting call.
   */
  constructor(platform: Platform, waitMs: number | (() => number), onExpired: (waiting: Waiting) => void) {
    this.#platform = platform;
    this.#waitMs = typeof waitMs === 'number' ? () => waitMs : waitMs;
    this.#onExpired = onExpired;
  }

  begin(waiting: Waiting): void {
    if (!this.#isTicking) {
      this.#tickedAt = this.#platform.monotonic();
      this.#schedule();
    }
    this.#waiting.set(waiting, this.#countedMs);
  }

  /** Does nothing for a call that no longer waits. */
  end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** Ends every wait. */
  endAll(): void {
    this.#waiting.clear();
  }

  /** Returns the milliseconds that this call has waited, to a tick or two; undefined for one that does not wait. */
  waited(waiting: Waiting): number | undefined {
    const since = this.#waiting.get(waiting);
    return since === undefined ? undefined : this.#countedMs - since;
  }

  #schedule(): void {
    this.#isTicking = true;
    this.#platform.after(COARSE_TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const now = this.#platform.monotonic();
    this.#countedMs += Math.min(now - this.#tickedAt, COARSE_TICK_COUNTED_MS_MAX);
    this.#tickedAt = now;
    // A map that is copied stays young; see `TransientMap`.
    this.#waiting = new Map(this.#waiting);
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) this.#isTicking = false;
    else if (this.#isOver(oldest)) this.#platform.afterInput(() => this.#expire());
    else this.#schedule();
  }

  #expire(): void {
    this.#schedule();
    for (const [waiting, since] of this.#waiting) {
      if (!this.#isOver(since)) return;
      this.#waiting.delete(waiting);
      this.#onExpired(waiting);
    }
  }

  /** True once the wait is over even if the first tick that was counted for it was late. */
  #isOver(since: number): boolean {
    return this.#countedMs - since >= this.#waitMs() + COARSE_TICK_COUNTED_MS_MAX;
  }
}
