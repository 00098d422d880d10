import { STATS_SAMPLE_ROWS } from '../../limits/cli.ts';
import { WALK_PAGE_ROWS } from '../../limits/upkeep.ts';
import type { Steps } from '../../upkeep/steps.ts';
import { positionOf } from '../../upkeep/tally.ts';

/** The rows of the table, counted or estimated. */
export interface RowCounts {
  /** True if every row was looked at; else the counts are estimates. */
  readonly exact: boolean;
  /** The rows that were looked at, of every namespace. */
  readonly lookedAt: number;
  readonly living: number;
  /** The living sessions that have a user. */
  readonly withUser: number;
  /** The rows of sessions that have ended, which the sweep has not deleted yet. */
  readonly ended: number;
  /** The living sessions by the id of the key that seals them. */
  readonly byKeyId: ReadonlyMap<string, number>;
  /** The envelopes of the first living sessions, which are a random sample: storage keys are hashes. */
  readonly sizes: Sizes | null;
}

/** The bytes of envelopes. */
export interface Sizes {
  readonly sample: number;
  readonly median: number;
  readonly p99: number;
  readonly largest: number;
}

export interface CountOptions {
  /** Stops after so many rows, and estimates the rest by how far into all keys it came. */
  readonly rowsMax: number;
  readonly onPage: (share: number) => void;
}

/** Counts the rows with two statements for each 1 000, one at a time. */
export async function countRows(steps: Steps, { rowsMax, onPage }: CountOptions): Promise<RowCounts> {
  const byKeyId = new Map<string, number>();
  const sample: Buffer[] = [];
  const counts = { lookedAt: 0, living: 0, withUser: 0, ended: 0 };
  let after: Buffer | null = Buffer.alloc(0);
  while (after !== null && counts.lookedAt < rowsMax) {
    const page = await readPage(steps, after);
    counts.lookedAt += page.lookedAt;
    counts.living += page.rows.length;
    counts.ended += page.ended;
    for (const { storageKey, keyId, hasUser } of page.rows) {
      const name = keyId.toString('hex');
      byKeyId.set(name, (byKeyId.get(name) ?? 0) + 1);
      if (hasUser) counts.withUser += 1;
      if (sample.length < STATS_SAMPLE_ROWS) sample.push(storageKey);
    }
    after = page.next;
    onPage(after === null ? 1 : positionOf(after));
  }
  const scale = after === null ? 1 : 1 / Math.max(positionOf(after), Number.EPSILON);
  const scaled = (count: number): number => Math.round(count * scale);
  return {
    exact: after === null,
    lookedAt: counts.lookedAt,
    living: scaled(counts.living),
    withUser: scaled(counts.withUser),
    ended: scaled(counts.ended),
    byKeyId: new Map([...byKeyId].map(([keyId, count]) => [keyId, scaled(count)])),
    sizes: await sizesOf(steps, sample),
  };
}

interface Page {
  readonly rows: readonly { readonly storageKey: Buffer; readonly keyId: Buffer; readonly hasUser: boolean }[];
  readonly ended: number;
  readonly lookedAt: number;
  readonly next: Buffer | null;
}

function readPage(steps: Steps, after: Buffer): Promise<Page> {
  return steps.take(async ({ store, durable, platform }) => {
    const { rows, next } = await store.walk(after, WALK_PAGE_ROWS);
    const now = platform.now();
    const page = { after, limit: WALK_PAGE_ROWS, endedBefore: now, revokedBefore: now };
    const { storageKeys, scanned } = await durable.upkeep.findEnded(page);
    // A session whose activity may still be on the way counts as living.
    const living = new Set(rows.map(({ storageKey }) => storageKey.toString('hex')));
    const ended = storageKeys.filter((storageKey) => !living.has(storageKey.toString('hex'))).length;
    return { rows, ended, lookedAt: scanned, next };
  });
}

async function sizesOf(steps: Steps, storageKeys: readonly Buffer[]): Promise<Sizes | null> {
  const rows = await steps.take(({ store }) => Promise.all(storageKeys.map((storageKey) => store.readRow(storageKey))));
  const bytes = rows.flatMap((row) => (row === null ? [] : [row.envelope.length])).toSorted((a, b) => a - b);
  const at = (share: number): number => bytes[Math.min(Math.floor(bytes.length * share), bytes.length - 1)] ?? 0;
  if (bytes.length === 0) return null;
  return { sample: bytes.length, median: at(0.5), p99: at(0.99), largest: at(1) };
}
