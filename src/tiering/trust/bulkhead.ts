import type { Platform } from '../../platform/platform.ts';
import { TransientSet } from '../../platform/transient.ts';

interface Waiter {
  readonly enter: () => void;
  readonly cancelTimer: () => void;
}

/**
 * Bounds what is in flight to a tier. Those beyond the bound wait here, where giving up is certain not to have sent
 * anything, instead of in a driver's pool, where it is not.
 */
export class Bulkhead {
  readonly #platform: Platform;
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  readonly #waiting = new TransientSet<Waiter>();
  #inFlight = 0;

  constructor(platform: Platform, inFlightMax: number, waitingMax: number) {
    this.#platform = platform;
    this.#inFlightMax = inFlightMax;
    this.#waitingMax = waitingMax;
  }

  /**
   * Resolves once there is room; false if there is none until `deadline` (of the monotonic clock) or too many wait already. Each true
   * owes a `leave`.
   */
  enter(deadline: number): boolean | Promise<boolean> {
    if (this.#inFlight < this.#inFlightMax) {
      this.#inFlight += 1;
      return true;
    }
    if (this.#waiting.size >= this.#waitingMax) return false;
    return new Promise((resolve) => {
      const waitMs = Math.max(deadline - this.#platform.monotonic(), 0);
      const cancelTimer = this.#platform.after(waitMs, () => {
        this.#waiting.delete(waiter);
        resolve(false);
      });
      const waiter: Waiter = { enter: () => resolve(true), cancelTimer };
      this.#waiting.add(waiter);
    });
  }

  get hasQueue(): boolean {
    return this.#waiting.size > 0;
  }

  leave(): void {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      waiter.cancelTimer();
      waiter.enter();
      return;
    }
    this.#inFlight -= 1;
  }
}
