import {
  HEDGE_AFTER_MS,
  HEDGE_ROUND_TRIPS,
  ROUND_TRIP_SAMPLES_MIN,
  ROUND_TRIP_WINDOW_MS,
  SLOW_ABOVE_MS,
  SLOW_UNTIL_MS,
} from '../../limits/primary-tier.ts';
import { COARSE_TICK_MS } from '../../limits/process.ts';
import { CoarseTimeouts } from '../../platform/coarse-timeouts.ts';
import type { Platform } from '../../platform/platform.ts';

export interface RoundTripOptions {
  readonly platform: Platform;
  /** The time that a command of the primary tier may take. */
  readonly timeoutMs: number;
  /** Runs when `isSlow` has changed. */
  readonly onSlowChange: () => void;
  /** Runs whenever a window ends in which no command was answered in `usableMs`. */
  readonly onTooSlow: () => void;
}

interface Measurement {
  readonly answer: Promise<unknown>;
}

/**
 * Measures how long the primary tier takes to answer: the quickest answer of half a second and some commands, so that one late
 * answer says nothing. Time in which this process was blocked does not count. One command is measured at a time.
 */
export class RoundTrip {
  readonly #options: RoundTripOptions;
  /** The longest round trip at which the tier is of use: beyond it the deadlines of scripts cannot be relied on. */
  readonly usableMs: number;
  readonly #clock: CoarseTimeouts<Measurement>;
  #underWay: Measurement | null = null;
  /** The quickest answer of the last whole window. */
  #quickestMs = 0;
  #window = { quickestMs: Infinity, samples: 0, beganAt: Number.NEGATIVE_INFINITY };
  #isSlow = false;

  constructor(options: RoundTripOptions) {
    const { platform, timeoutMs } = options;
    this.#options = options;
    this.usableMs = Math.max(timeoutMs / 2, 2 * COARSE_TICK_MS);
    // A command that is never answered must not be the last one that was measured.
    this.#clock = new CoarseTimeouts(platform, 2 * timeoutMs, (measurement) => this.#end(measurement));
  }

  /** True if the tier is of use, but slower than the database would be. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** The time that a read waits before the durable tier is asked as well. */
  get hedgeAfterMs(): number {
    return Math.max(HEDGE_AFTER_MS, HEDGE_ROUND_TRIPS * Math.min(this.#quickestMs, this.#window.quickestMs));
  }

  /** Measures this command, unless another is being measured. */
  measure(answer: Promise<unknown>): void {
    if (this.#underWay !== null) return;
    const measurement = { answer };
    this.#underWay = measurement;
    this.#clock.begin(measurement);
    answer.then(
      () => {
        const ms = this.#end(measurement);
        if (ms !== undefined) this.add(ms);
      },
      () => this.#end(measurement),
    );
  }

  /** Resolves to the milliseconds that a probe took. Rejects as the probe does. */
  async time(probe: Promise<unknown>): Promise<number> {
    const measurement = { answer: probe };
    this.#clock.begin(measurement);
    try {
      await probe;
      return this.#clock.waited(measurement) ?? Infinity;
    } finally {
      this.#clock.end(measurement);
    }
  }

  /** Takes one more answer into account. */
  add(ms: number): void {
    const window = this.#window;
    window.quickestMs = Math.min(window.quickestMs, ms);
    window.samples += 1;
    const isLongEnough = this.#options.platform.monotonic() - window.beganAt >= ROUND_TRIP_WINDOW_MS;
    if (!isLongEnough || window.samples < ROUND_TRIP_SAMPLES_MIN) return;
    this.#quickestMs = window.quickestMs;
    this.#openWindow();
    // First, so that the event says that the tier was given up.
    if (this.#quickestMs > this.usableMs) this.#options.onTooSlow();
    this.#updateSlow();
  }

  /** Begins anew with one round trip: the tier was out of use, and nothing else is known of it now. */
  restart(ms: number): void {
    this.#quickestMs = ms;
    this.#openWindow();
    this.#updateSlow();
  }

  #end(measurement: Measurement): number | undefined {
    const waitedMs = this.#clock.waited(measurement);
    this.#clock.end(measurement);
    if (this.#underWay === measurement) this.#underWay = null;
    return waitedMs;
  }

  #openWindow(): void {
    this.#window = { quickestMs: Infinity, samples: 0, beganAt: this.#options.platform.monotonic() };
  }

  #updateSlow(): void {
    const isSlow = this.#quickestMs > (this.#isSlow ? SLOW_UNTIL_MS : SLOW_ABOVE_MS);
    if (isSlow === this.#isSlow) return;
    this.#isSlow = isSlow;
    this.#options.onSlowChange();
  }
}
