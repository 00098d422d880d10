interface Reading {
  /** The moment of the answer, on the monotonic clock. */
  readonly at: number;
  /** The least that the clock may have shown since the reading before. */
  readonly least: number;
}

/**
 * Remembers what another machine's clock has shown lately. That clock may be set forward and back at any moment, so its present time
 * does not bound the dates that it gave. The least that it has shown within a window does: no date that it gave in the window is earlier.
 */
export class ClockHistory {
  readonly #keepMs: number;
  #readings: Reading[] = [];
  #lastSentAt: number | undefined;
  #first: { readonly time: number; readonly sentAt: number } | undefined;

  /** Readings older than `keepMs` are forgotten. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** The clock showed `time` between `sentAt` and `receivedAt` on the monotonic clock. */
  observe(time: number, sentAt: number, receivedAt: number): void {
    this.#first ??= { time, sentAt };
    // If the clock was set back right after the reading before, it has gone on from there for this long.
    const unseenMs = this.#lastSentAt === undefined ? 0 : receivedAt - this.#lastSentAt;
    this.#lastSentAt = sentAt;
    this.#readings = this.#readings.filter(({ at }) => receivedAt - at <= this.#keepMs);
    this.#readings.push({ at: receivedAt, least: time - unseenMs });
  }

  /** The least that it may have shown in the last `ms` before `now`. The time before the first reading counts as steady. */
  leastWithin(ms: number, now: number): number {
    const within = this.#readings.filter(({ at }) => now - at <= ms).map(({ least }) => least);
    if (this.#first !== undefined && !this.covers(ms, now)) {
      within.push(this.#first.time - (ms - (now - this.#first.sentAt)));
    }
    // A clock that was not read lately may show anything.
    return within.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...within);
  }

  /** True if the clock has been watched for that long. */
  covers(ms: number, now: number): boolean {
    return this.#first !== undefined && now - this.#first.sentAt >= ms;
  }
}
