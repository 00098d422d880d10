import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import type { Ledger } from './ledger.ts';
import type { Sample } from './measure.ts';
import { ITEM, type Customer } from './stage.ts';

/** One request in five changes something. */
const ADD_SHARE = 0.2;
/** Between two requests of one customer, on average. */
const THINK_MS = 60;
/** What a node that lost Redis has written, one that has it again may be behind for this long (docs/concepts/consistency.md). */
const BEHIND_MS_MAX = 1_500;

/**
 * Customers who look at their carts and add to them, through any node. Each answer is held against what was acknowledged
 * before it was asked for.
 */
export class Traffic {
  readonly samples: Sample[] = [];
  /** Living sessions that were called missing. */
  missing = 0;
  /** Reads that were older than an acknowledged write, by more than is promised. */
  stale = 0;
  /** Reads that were older, within what is promised while the nodes find Redis again one after the other. */
  behind = 0;
  readonly #fleet: Fleet;
  readonly #ledger: Ledger;
  readonly #customers: readonly Customer[];
  #loops: Promise<void>[] = [];
  #isStopped = false;
  #items = 0;

  constructor(fleet: Fleet, ledger: Ledger, customers: readonly Customer[]) {
    this.#fleet = fleet;
    this.#ledger = ledger;
    this.#customers = customers;
  }

  start(): void {
    this.#loops = this.#customers.map(({ id }) => this.#shop(id));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  /** Adds one item, and notes it once it is acknowledged. */
  async add(id: string, node?: number): Promise<void> {
    const sku = `${ITEM}-${(this.#items += 1)}`;
    await this.#fleet.call((sessions) => sessions.update(id, ({ cart }) => void cart.push({ sku, quantity: 1 })), node);
    this.#ledger.acknowledge(id, sku);
  }

  async #shop(id: string): Promise<void> {
    while (!this.#isStopped) {
      if (Math.random() < ADD_SHARE) await this.#measure('add', () => this.add(id));
      else await this.#measure('read', () => this.#look(id));
      await pause(THINK_MS * (0.5 + Math.random()));
    }
  }

  async #look(id: string): Promise<Sample['servedBy']> {
    const now = performance.now();
    const acknowledged = this.#ledger.countAt(id, now);
    const overdue = this.#ledger.countAt(id, now - BEHIND_MS_MAX);
    const session = await this.#fleet.call((sessions) => sessions.get(id));
    if (session === null) this.missing += 1;
    else if (session.data.cart.length < overdue) this.stale += 1;
    else if (session.data.cart.length < acknowledged) this.behind += 1;
    return session?.servedBy;
  }

  async #measure(kind: Sample['kind'], request: () => Promise<Sample['servedBy'] | void>): Promise<void> {
    const start = performance.now();
    let servedBy: Sample['servedBy'];
    let failure: string | undefined;
    try {
      servedBy = (await request()) ?? undefined;
    } catch (error) {
      failure = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
    const at = performance.now();
    this.samples.push({ at, ms: at - start, kind, servedBy, failure });
  }
}
