import type { CancelTimer, Platform } from '../../platform/platform.ts';
import { TransientSet } from '../../platform/transient.ts';

export type CallKind = 'read' | 'write';

export interface BulkheadOptions {
  readonly platform: Platform;
  /** The calls that may be in flight at once. */
  readonly callsMax: number;
  /** The reads among them: writes always find room. */
  readonly readsMax: number;
  /** The calls of each kind that may wait. */
  readonly waitingMax: number;
  /** A call waits for this long at most. */
  readonly waitMs: number;
}

interface Waiter {
  readonly kind: CallKind;
  /** The order of arrival, over both kinds. */
  readonly arrival: number;
  readonly enter: () => void;
  readonly cancelTimer: CancelTimer;
}

/**
 * Bounds the calls in flight to a tier. Further calls wait here and not in a driver's pool: a call that is given up here was certainly
 * not sent; of one that is given up in the pool, nobody knows.
 */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #inFlight: Record<CallKind, number> = { read: 0, write: 0 };
  readonly #waiting: Readonly<Record<CallKind, TransientSet<Waiter>>> = {
    read: new TransientSet(),
    write: new TransientSet(),
  };
  #arrivals = 0;

  constructor(options: BulkheadOptions) {
    this.#options = options;
  }

  /**
   * Resolves to true once there is room, and to false if there was none in time or too many wait already. Each true owes a
   * `leave`.
   */
  enter(kind: CallKind): boolean | Promise<boolean> {
    if (this.#hasRoom(kind)) {
      this.#inFlight[kind] += 1;
      return true;
    }
    const { platform, waitingMax, waitMs } = this.#options;
    const waiting = this.#waiting[kind];
    if (waiting.size >= waitingMax) return false;
    return new Promise((resolve) => {
      const cancelTimer = platform.after(waitMs, () => {
        waiting.delete(waiter);
        resolve(false);
      });
      this.#arrivals += 1;
      const waiter: Waiter = { kind, arrival: this.#arrivals, enter: () => resolve(true), cancelTimer };
      waiting.add(waiter);
    });
  }

  get hasQueue(): boolean {
    return this.#waiting.read.size > 0 || this.#waiting.write.size > 0;
  }

  /** Passes the room on to the call that has waited longest. */
  leave(kind: CallKind): void {
    this.#inFlight[kind] -= 1;
    if (!this.hasQueue) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#waiting[next.kind].delete(next);
    this.#inFlight[next.kind] += 1;
    next.cancelTimer();
    next.enter();
  }

  #hasRoom(kind: CallKind): boolean {
    const { callsMax, readsMax } = this.#options;
    const { read, write } = this.#inFlight;
    return read + write < callsMax && (kind === 'write' || read < readsMax);
  }

  /** The call that has waited longest, of those that there is room for. */
  #next(): Waiter | undefined {
    const [read] = this.#waiting.read;
    const [write] = this.#waiting.write;
    if (read === undefined || !this.#hasRoom('read')) return write;
    return write === undefined || read.arrival < write.arrival ? read : write;
  }
}
