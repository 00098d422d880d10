import { isHoldfastError } from '../../errors.ts';
import type { Platform } from '../../platform/platform.ts';

/** The answers of one operation. */
export interface Measured {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Records how long calls take, and how they fail. Time and CPU count only while calls are recorded. */
export class Tape {
  /** The number of calls that failed, by the code of the error. */
  readonly errors: Map<string, number> = new Map<string, number>();
  readonly #platform: Platform;
  readonly #ms: number[] = [];
  #elapsedMs = 0;
  #cpuUs = 0;
  #fromPrimary = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Runs calls, and counts the time and the CPU of this process meanwhile. */
  async during(work: () => Promise<void>): Promise<void> {
    const startedAt = this.#platform.monotonic();
    const cpu = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(cpu);
    this.#elapsedMs += this.#platform.monotonic() - startedAt;
    this.#cpuUs += user + system;
  }

  /** Records one call. `call` resolves to the tier that answered, if it is a read. True if it succeeded. */
  async record(call: () => Promise<string | undefined>): Promise<boolean> {
    const startedAt = this.#platform.monotonic();
    try {
      if ((await call()) === 'primary') this.#fromPrimary += 1;
      this.#ms.push(this.#platform.monotonic() - startedAt);
      return true;
    } catch (error) {
      const code = isHoldfastError(error) ? error.code : 'unexpected';
      this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
      return false;
    }
  }

  get measured(): Measured {
    const sorted = this.#ms.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
    const perSecond = this.#elapsedMs > 0 ? (sorted.length * 1_000) / this.#elapsedMs : 0;
    return {
      count: sorted.length,
      perSecond: Math.round(perSecond),
      p50Ms: rounded(at(0.5)),
      p99Ms: rounded(at(0.99)),
    };
  }

  /** The CPU time of this process for one call; null if none succeeded. */
  get cpuUs(): number | null {
    return this.#ms.length === 0 ? null : Math.round(this.#cpuUs / this.#ms.length);
  }

  /** The share of calls that Redis answered. */
  get primaryShare(): number {
    return this.#ms.length === 0 ? 0 : this.#fromPrimary / this.#ms.length;
  }
}

/** Rounds to a hundredth of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
