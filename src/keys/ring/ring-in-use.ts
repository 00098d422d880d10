import { ConfigurationError } from '../../errors.ts';
import { Listeners } from '../../platform/listeners.ts';
import type { KeyRing } from './key-ring.ts';

/**
 * Holds the key ring that this process seals and opens with now. A ring never changes; another one may take its place at
 * any time.
 */
export class RingInUse {
  /** Notifies after each replacement. */
  readonly replaced: Listeners = new Listeners();
  #ring: KeyRing | undefined;

  constructor(ring?: KeyRing) {
    this.#ring = ring;
  }

  /** Throws `ConfigurationError` before the first ring is loaded. */
  get ring(): KeyRing {
    if (this.#ring === undefined) throw new ConfigurationError('The key ring is not loaded.');
    return this.#ring;
  }

  get isLoaded(): boolean {
    return this.#ring !== undefined;
  }

  /**
   * Takes effect with the next call of the codec: a call is synchronous, so none is under way. Undefined: no ring is loaded
   * any more.
   */
  replace(ring: KeyRing | undefined): void {
    this.#ring = ring;
    this.replaced.notify();
  }
}
