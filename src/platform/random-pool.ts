import { RANDOM_POOL_BYTES } from '../limits/process.ts';

export interface RandomPoolOptions {
  /** Fills a buffer with cryptographically strong random bytes. */
  readonly fill: (bytes: Buffer) => void;
  /** Runs a callback at the end of this turn of the event loop. */
  readonly afterTurn: (callback: () => void) => void;
}

/**
 * A pool of random bytes, since drawing 32 bytes costs nearly as much as drawing a thousand. The pool is wiped at the
 * end of each turn of the event loop, so no snapshot of the heap or the machine holds bytes that two processes could
 * use. Bytes are handed out once, and wiped here then.
 */
export class RandomPool {
  readonly #options: RandomPoolOptions;
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(RANDOM_POOL_BYTES);
  #at: number = RANDOM_POOL_BYTES;
  #isToBeWiped = false;

  constructor(options: RandomPoolOptions) {
    this.#options = options;
  }

  /** Draws at most `RANDOM_POOL_BYTES` at a time. */
  draw(target: Uint8Array, offset: number, length: number): void {
    if (this.#at + length > RANDOM_POOL_BYTES) this.#refill();
    const end = this.#at + length;
    const drawn = this.#bytes.subarray(this.#at, end);
    target.set(drawn, offset);
    drawn.fill(0);
    this.#at = end;
  }

  #refill(): void {
    this.#options.fill(this.#bytes);
    this.#at = 0;
    if (this.#isToBeWiped) return;
    this.#isToBeWiped = true;
    this.#options.afterTurn(() => this.#wipe());
  }

  #wipe(): void {
    this.#isToBeWiped = false;
    this.#bytes.fill(0);
    this.#at = RANDOM_POOL_BYTES;
  }
}
