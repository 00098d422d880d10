import { REVALIDATE_AFTER_MS_MAX } from '../../../limits/primary-tier.ts';
import type { Platform } from '../../../platform/platform.ts';
import { slotOf } from './slot.ts';

interface Move {
  /** The server's time by which the slot had moved. */
  readonly serverTime: number;
  /** The time of this process at which that was noticed. */
  readonly noticedAt: number;
}

/**
 * The slots of one shard that have come to it, or that it is handing over. A copy may have left with its slot and come back older: the
 * server that had it meanwhile lost a write. It still bears the stamp of this server, so copies from before the move are doubted.
 */
export class MovedSlots {
  readonly #platform: Platform;
  readonly #moves = new Map<number, Move>();
  /** The move that all slots may have made: nobody looked. */
  #unseen: Move | null = null;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  note(slot: number, serverTime: number): void {
    this.#moves.set(slot, { serverTime, noticedAt: this.#platform.monotonic() });
  }

  noteAll(serverTime: number): void {
    this.#unseen = { serverTime, noticedAt: this.#platform.monotonic() };
  }

  /** True if a copy under this key, stamped then, may have been elsewhere since. */
  isDoubtful(key: string, stampedAt: number): boolean {
    if (this.#unseen !== null && stampedAt <= this.#unseen.serverTime) return true;
    if (this.#moves.size === 0) return false;
    const move = this.#moves.get(slotOf(key));
    return move !== undefined && stampedAt <= move.serverTime;
  }

  /** Forgets moves after which every copy from before has to be confirmed for its age. */
  prune(): void {
    const now = this.#platform.monotonic();
    if (this.#unseen !== null && now - this.#unseen.noticedAt > REVALIDATE_AFTER_MS_MAX) this.#unseen = null;
    for (const [slot, { noticedAt }] of this.#moves) {
      if (now - noticedAt > REVALIDATE_AFTER_MS_MAX) this.#moves.delete(slot);
    }
  }
}
