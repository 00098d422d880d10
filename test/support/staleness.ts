import { FEED_FRESH_MS } from '../../src/limits/feed.ts';
import type { SessionClient } from '../../src/index.ts';

export interface Counter {
  n: number;
}

/** A read that returned less than was acknowledged `FEED_FRESH_MS` before it began. */
interface StaleRead {
  readonly n: number | null;
  readonly acknowledged: number;
  readonly lateMs: number;
}

/** Sessions that hold a number, clients that raise and read it, and what they were answered. */
export class Staleness {
  readonly stale: StaleRead[] = [];
  readonly errors: unknown[] = [];
  /** The reads of each client that had to return another client's write which was acknowledged after `mark`. */
  #checked: number[] = [];
  #markedAt = 0;
  readonly #clients: readonly SessionClient<Counter>[];
  readonly #acknowledged = new Map<string, { readonly n: number; readonly at: number }[]>();
  #isStopped = false;
  #loops: Promise<unknown>[] = [];

  constructor(clients: readonly SessionClient<Counter>[]) {
    this.#clients = clients;
  }

  /** Each client reads all sessions in turn, and after each round writes one of those that only it writes: a write mends a stale copy. */
  start(ids: readonly string[]): void {
    for (const id of ids) this.#acknowledged.set(id, []);
    this.mark();
    this.#loops = this.#clients.map(async (client, at) => {
      const own = ids.filter((_, index) => index % this.#clients.length === at);
      for (let round = 0; !this.#isStopped; round += 1) {
        for (const id of ids) await this.#read(client, at, id, own.includes(id));
        await this.#write(client, own[round % own.length]!);
      }
    });
  }

  /** Begins to count anew. */
  mark(): void {
    this.#markedAt = performance.now();
    this.#checked = this.#clients.map(() => 0);
  }

  /** The least number of reads of a client, since `mark`, that had to return what another client has written since then. */
  get checked(): number {
    return Math.min(...this.#checked);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #read(client: SessionClient<Counter>, at: number, id: string, isOwn: boolean): Promise<void> {
    const begunAt = performance.now();
    try {
      const session = await client.get(id);
      const due = this.#acknowledged.get(id)!.findLast((write) => write.at + FEED_FRESH_MS <= begunAt);
      const n = session?.data.n ?? null;
      if (!isOwn && due !== undefined && due.at >= this.#markedAt) this.#checked[at] = (this.#checked[at] ?? 0) + 1;
      if (due !== undefined && (n === null || n < due.n)) {
        this.stale.push({ n, acknowledged: due.n, lateMs: Math.round(begunAt - due.at) });
      }
    } catch (error) {
      this.errors.push(error);
    }
  }

  async #write(client: SessionClient<Counter>, id: string): Promise<void> {
    try {
      const { data } = await client.update(id, (draft) => {
        draft.n += 1;
      });
      this.#acknowledged.get(id)!.push({ n: data.n, at: performance.now() });
    } catch (error) {
      this.errors.push(error);
    }
  }
}
