import { SLOW_ROWS_MAX, SLOW_ROW_MS } from '../../../limits/durable-tier.ts';
import type { Platform } from '../../../platform/platform.ts';

/**
 * Sessions whose row could not be locked lately: another transaction holds the lock, and calls that share a statement would
 * wait as well.
 */
export class SlowRows {
  readonly #platform: Pick<Platform, 'monotonic'>;
  readonly #until = new Map<string, number>();

  constructor(platform: Pick<Platform, 'monotonic'>) {
    this.#platform = platform;
  }

  has(key: string): boolean {
    if (this.#until.size === 0) return false;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#platform.monotonic()) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    this.#until.delete(key);
    const [oldest] = this.#until.keys();
    if (this.#until.size >= SLOW_ROWS_MAX && oldest !== undefined) this.#until.delete(oldest);
    this.#until.set(key, this.#platform.monotonic() + SLOW_ROW_MS);
  }

  delete(key: string): void {
    if (this.#until.size > 0) this.#until.delete(key);
  }
}
