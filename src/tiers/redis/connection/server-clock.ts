/** A reading of the server's time, and the moments, on this process's clock, between which the server gave it. */
export interface ClockSample {
  readonly serverTime: number;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** A tighter sample is kept for this long: two quartz clocks drift apart by up to 0.2 ms a second, less than a command takes. */
const SAMPLE_PREFERRED_MS = 1_000;

/** The age of a sample after which the server is asked for its time before the next deadline is set. */
const SAMPLE_AGE_MS_MAX = 30_000;

/**
 * Estimates what the server's clock may show now: an interval, never a point (Marzullo and Owicki, "Maintaining the time in a
 * distributed system", 1983). The bounds are whole milliseconds and err outwards.
 */
export class ServerClock {
  #sample: ClockSample;

  constructor(sample: ClockSample) {
    this.#sample = sample;
  }

  earliest(now: number): number {
    return Math.floor(this.#sample.serverTime + (now - this.#sample.receivedAt));
  }

  /** The server gives whole milliseconds, so it may have been one later. */
  latest(now: number): number {
    return Math.ceil(this.#sample.serverTime + (now - this.#sample.sentAt)) + 1;
  }

  age(now: number): number {
    return now - this.#sample.receivedAt;
  }

  /** True if a deadline `ms` from the earliest that it may be now can be relied on. After this process was blocked, that may be past already. */
  canTime(ms: number, now: number): boolean {
    return width(this.#sample) <= ms / 2 && this.age(now) <= SAMPLE_AGE_MS_MAX;
  }

  /** Keeps the tighter of two fresh samples, and the newer one where the old is old or a clock was set. */
  learn(sample: ClockSample): void {
    const isTighter = width(sample) <= width(this.#sample);
    const isOld = this.age(sample.receivedAt) > SAMPLE_PREFERRED_MS;
    if (isTighter || isOld || this.#contradicts(sample)) this.#sample = sample;
  }

  #contradicts({ serverTime, sentAt, receivedAt }: ClockSample): boolean {
    return serverTime + 1 < this.earliest(sentAt) || serverTime > this.latest(receivedAt);
  }
}

/** TIME answers seconds and microseconds. */
export function toMilliseconds([seconds, microseconds]: readonly (number | string)[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function width({ sentAt, receivedAt }: ClockSample): number {
  return receivedAt - sentAt;
}
