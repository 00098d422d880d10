import { REPORTS_AGREE_MS } from '../../../limits/fleet.ts';
import type { Feed, FeedPage, FeedPosition } from '../../durable.ts';
import { isBehind, toDirtyRow } from './row.ts';
import type { MemoryTables } from './tables.ts';

export class MemoryFeed implements Feed {
  readonly #tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const row = this.#tables.find(storageKey);
    if (row) this.#tables.store({ ...row, dirtyAt: this.#tables.markOf(row, true) });
  }

  async read(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const rows = this.#tables
      .inOrder(({ dirtyAt }) => dirtyAt !== null)
      .flatMap((row) => (row.dirtyAt === null ? [] : [toDirtyRow(row, row.dirtyAt)]))
      .filter((row) => isBehind(row, after))
      .sort((a, b) => a.dirtyAt - b.dirtyAt)
      .slice(0, limit);
    const now = this.#tables.now();
    return { now, rows, masters: this.#tables.fleet.masters, report: this.#reportAt(now) };
  }

  async clear(before: number, limit: number): Promise<number> {
    const rows = this.#tables
      .inOrder(({ dirtyAt, rotatedAt }) => dirtyAt !== null || rotatedAt !== null)
      .filter(({ dirtyAt, rotatedAt }) => Math.max(dirtyAt ?? 0, rotatedAt ?? 0) < before)
      .slice(0, limit);
    for (const row of rows) this.#tables.store({ ...row, dirtyAt: null, rotatedAt: null, previousKeys: [] });
    return rows.length;
  }

  #reportAt(now: number): string | null {
    const alive = [...this.#tables.fleet.nodes.values()].filter(({ seenAt }) => seenAt >= now - REPORTS_AGREE_MS);
    const [first] = alive;
    return first !== undefined && alive.every(({ masters }) => masters === first.masters) ? first.masters : null;
  }
}
