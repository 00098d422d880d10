import { LARGE_VALUE_BYTES_MIN, LARGE_VALUE_RETRY_MS, PRIMARY_TIMEOUT_MS_MAX } from '../../limits/primary-tier.ts';
import type { Platform } from '../../platform/platform.ts';

/**
 * Remembers how large a value was that did not reach the primary tier in time. On a slow link it fails as in an outage, and takes the
 * tier out of use for every session each time that it is written; so values of that size are not offered for a while.
 */
export class LargeValues {
  readonly #platform: Platform;
  #bytes = Number.POSITIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** True if a value of this size may be offered. */
  admits(bytes: number): boolean {
    return bytes < LARGE_VALUE_BYTES_MIN || bytes < this.#bytes || this.#ageMs() > LARGE_VALUE_RETRY_MS;
  }

  /** Notes that a value of this size was late. Smaller ones that were late with it only waited for it. */
  wasLate(bytes: number): void {
    const isFollower = bytes < this.#bytes && this.#ageMs() < 2 * PRIMARY_TIMEOUT_MS_MAX;
    if (bytes < LARGE_VALUE_BYTES_MIN || isFollower) return;
    this.#bytes = bytes;
    this.#failedAt = this.#platform.monotonic();
  }

  #ageMs(): number {
    return this.#platform.monotonic() - this.#failedAt;
  }
}
