import { CLOCK_TOLERANCE_MS } from '../../limits/process.ts';
import type { Stamp, Vantage } from '../../tiers/primary.ts';

/**
 * - `current`: the durable tier confirmed the copy less than `revalidateAfter` ago;
 * - `due`: it has to confirm it again;
 * - `foreign`: the stamp is from another incarnation of the server, from below the trust floor, or in the future.
 */
export type Trust = 'current' | 'due' | 'foreign';

export interface TrustFloorOptions {
  /** Returns what is known of the primary server's clock; null while there is no server to use. */
  readonly look: () => Vantage | null;
  readonly revalidateAfterMs: number;
}

/** Decides how far stamps are trusted: by the primary server's clock, and by a floor below which this node trusts none. */
export class TrustFloor {
  readonly #options: TrustFloorOptions;
  /** A time of the primary server's clock. */
  #floor = 0;
  /** The latest time that the clock showed in this incarnation: it may be set back. */
  #furthest = { incarnation: '', at: 0 };

  /** The latest time of a clock that `#followBack` followed; null once it has passed the bound that was set then. */
  #backAt: number | null = null;

  constructor(options: TrustFloorOptions) {
    this.#options = options;
  }

  vantage(): Vantage | null {
    const vantage = this.#options.look();
    if (vantage === null) return null;
    // The earliest, because a first reading may be off by seconds, and nothing would be believed until they have passed.
    const { incarnation, earliest } = vantage;
    if (incarnation !== this.#furthest.incarnation) this.#furthest = { incarnation, at: earliest };
    else if (earliest > this.#furthest.at) this.#follow(vantage);
    else if (earliest < this.#furthest.at) this.#followBack(vantage);
    return vantage;
  }

  /** Returns how far a copy with this stamp is trusted. */
  trustIn({ incarnation, at }: Stamp): Trust {
    const vantage = this.vantage();
    if (vantage === null || incarnation !== vantage.incarnation) return 'foreign';
    if (at < this.#floor || at > vantage.latest) return 'foreign';
    return vantage.latest - at <= this.#options.revalidateAfterMs ? 'current' : 'due';
  }

  /**
   * Lets no copy from before now be believed unless the durable tier confirms it.
   *
   * If the server's clock was set back, copies may be dated later than now, so the floor rises to the latest time that the clock has shown.
   * No copy is believed until the clock is there again, but for no longer than `revalidateAfter` (`#followBack`). By then the dirty feed
   * has taken the stale copies away, and copies dated later than the clock shows are not trusted anyway.
   */
  raise(): void {
    const vantage = this.vantage();
    if (vantage !== null) this.#floor = Math.max(vantage.latest, this.#furthest.at);
  }

  /** True while the floor lies in the future, because the server's clock was set back. */
  get isAhead(): boolean {
    const vantage = this.vantage();
    return vantage !== null && this.#floor > vantage.latest + CLOCK_TOLERANCE_MS;
  }

  /**
   * Follows the clock. One that was set back and is set right again, by a leap as large, makes copies from before look young: the floor,
   * which was lowered in between, rises.
   */
  #follow({ earliest, latest }: Vantage): void {
    this.#furthest.at = earliest;
    if (this.#backAt === null) return;
    if (earliest - this.#backAt > this.#options.revalidateAfterMs) this.#floor = Math.max(this.#floor, latest);
    this.#backAt = null;
  }

  /** Lowers the bounds after a clock that was set back by more than `revalidateAfter`: else copies would be doubted for as long. */
  #followBack({ earliest, latest }: Vantage): void {
    if (this.#backAt !== null) this.#backAt = earliest;
    const bound = latest + this.#options.revalidateAfterMs;
    if (this.#furthest.at > bound) {
      this.#furthest.at = bound;
      this.#backAt = earliest;
    }
    if (this.#floor > bound) this.#floor = bound;
  }
}
