import type { Session } from 'holdfast';
import type { ShopSession } from './stage.ts';

/** The acknowledgements of the shop: every item whose addition was acknowledged. The tiers must have them. */
export class Ledger {
  readonly #items = new Map<string, string[]>();
  /** When each was acknowledged, in the same order; milliseconds of `performance.now()`. */
  readonly #times = new Map<string, number[]>();

  open(id: string): void {
    this.#items.set(id, []);
    this.#times.set(id, []);
  }

  acknowledge(id: string, sku: string): void {
    this.#items.get(id)?.push(sku);
    this.#times.get(id)?.push(performance.now());
  }

  /** Items whose addition was acknowledged by this time. */
  countAt(id: string, time: number): number {
    return this.#times.get(id)?.filter((at) => at <= time).length ?? 0;
  }

  get total(): number {
    return [...this.#items.values()].reduce((sum, items) => sum + items.length, 0);
  }

  /** Acknowledged items of this session that are not in its cart exactly once. */
  lost(id: string, session: Session<ShopSession> | null): string[] {
    const found = new Map<string, number>();
    for (const { sku } of session?.data.cart ?? []) found.set(sku, (found.get(sku) ?? 0) + 1);
    return (this.#items.get(id) ?? []).filter((sku) => found.get(sku) !== 1);
  }
}
