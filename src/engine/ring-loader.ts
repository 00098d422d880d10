import { KeyRingError } from '../errors.ts';
import type { KeySource } from '../keys/key-source.ts';
import { KeyRing } from '../keys/ring/key-ring.ts';
import { KEYS_LOAD_TIMEOUT_MS } from '../limits/client.ts';
import { requireEnding } from '../option-checks.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Platform } from '../platform/platform.ts';

/** Loads rings from what the application gave as `keys`: a ring that never changes, or a source. */
export class RingLoader {
  readonly #platform: Platform;
  readonly #source: KeySource;

  constructor(platform: Platform, keys: KeyRing | KeySource) {
    this.#platform = platform;
    this.#source = keys instanceof KeyRing ? { load: () => Promise.resolve(keys) } : keys;
  }

  /** Rejects with what the source throws, or with `KeyRingError` if it takes too long or returns something else than a ring. */
  async load(): Promise<KeyRing> {
    const late = (): Error => new KeyRingError('The key source did not answer in time.', true);
    // A source that is written without types may return a ring instead of a promise.
    const loading = Promise.resolve(this.#source.load());
    const ring: unknown = await withDeadline(this.#platform, KEYS_LOAD_TIMEOUT_MS, loading, late);
    if (ring instanceof KeyRing) return ring;
    throw new KeyRingError('The key source answered something else than a KeyRing.');
  }

  /**
   * Calls `onChange` when the source may have another ring. Returns what ends that. Throws what the source's own `watch`
   * throws.
   */
  watch(onChange: () => void): () => void {
    if (this.#source.watch === undefined) return () => {};
    return requireEnding('keys.watch', this.#source.watch(onChange, this.#platform));
  }
}
