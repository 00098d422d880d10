import { equal } from 'node:assert/strict';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import type { DurableTier } from '../../../tiers/durable.ts';
import { insert, randomBytes } from '../records.ts';

/** Walks begin here, so that they need not pass the rows of all other cases. */
export const BEFORE_LAST_ROWS: Buffer = Buffer.alloc(32, 0xfe).fill(0xff, 0, 4);

/** A storage key behind `BEFORE_LAST_ROWS`. */
export function lastKey(): Buffer {
  return randomBytes(32).fill(0xff, 0, 5);
}

/** Inserts a session that a walk which begins at `BEFORE_LAST_ROWS` finds. */
export function insertLast(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  return insert(tier, { storageKey: lastKey(), ...changes });
}

/** Collects what a walk finds; `read` reads one page. */
export async function walked<Item>(
  read: (after: Buffer) => Promise<{ readonly items: readonly Item[]; readonly next: Buffer | null }>,
): Promise<Item[]> {
  const found: Item[] = [];
  let after: Buffer | null = BEFORE_LAST_ROWS;
  while (after !== null) {
    const { items, next } = await read(after);
    found.push(...items);
    // Otherwise the walk would never end.
    equal(next === null || next.compare(after) > 0, true);
    after = next;
  }
  return found;
}
