import { PATIENCE_TICK_COUNTED_MS_MAX, PATIENCE_TICK_MS } from '../limits/process.ts';
import type { Platform } from './platform.ts';

/**
 * Many waits of one length, for somebody else's answers, under one timer. A process that stands still (a long computation, a
 * collection of garbage, no processor) hears no answers, so that time hardly counts; and nobody's time is up before the sockets
 * were read once more: the answer may lie there.
 */
export class Patience<Waiting> {
  readonly #platform: Platform;
  readonly #waitMs: () => number;
  readonly #onExpired: (waiting: Waiting) => void;
  /** In the order in which they began, which is the order in which they end; with what had been counted at the last tick before. */
  #waiting = new Map<Waiting, number>();
  #countedMs = 0;
  #tickedAt = 0;
  #isTicking = false;

  /**
   * `onExpired` is told of each whose time is up, `waitMs` after it began, never sooner, and three ticks later at most; it does not wait any more. A
   * function may give another length as time goes on, for all who wait.
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

  /** Harmless for who does not wait any more. */
  end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** Nobody waits any more. */
  endAll(): void {
    this.#waiting.clear();
  }

  /** For how long this one has waited, to a tick or two; undefined if it does not wait any more. */
  waited(waiting: Waiting): number | undefined {
    const since = this.#waiting.get(waiting);
    return since === undefined ? undefined : this.#countedMs - since;
  }

  #schedule(): void {
    this.#isTicking = true;
    this.#platform.after(PATIENCE_TICK_MS, () => this.#tick());
  }

  #tick(): void {
    const now = this.#platform.monotonic();
    this.#countedMs += Math.min(now - this.#tickedAt, PATIENCE_TICK_COUNTED_MS_MAX);
    this.#tickedAt = now;
    // So that no table behind it gets old; see `TransientMap`.
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

  /** A wait may have begun just before the tick that was counted first for it, and that one may have been late. */
  #isOver(since: number): boolean {
    return this.#countedMs - since >= this.#waitMs() + PATIENCE_TICK_COUNTED_MS_MAX;
  }
}
