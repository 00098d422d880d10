import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { KeyState } from '../keys/ring/ring-key.ts';
import { KEY_ID_BYTES } from '../limits/keys.ts';
import { WALK_PAGE_ROWS } from '../limits/upkeep.ts';
import type { Steps } from './steps.ts';

/** The number of living sessions by data key. */
export interface KeyCensus {
  /** Every data key of the ring. */
  readonly keys: readonly KeyCount[];
  /** The key ids that the ring does not have. */
  readonly unknown: readonly { readonly keyId: string; readonly sessions: number }[];
  /** The number of living sessions. */
  readonly total: number;
  /** The version of the ring that the client used. */
  readonly ring: number;
}

/** A data key, and the number of living sessions that it seals. */
export interface KeyCount {
  readonly kid: string;
  /** The name of the key in envelopes and rows: 16 hexadecimal digits. */
  readonly keyId: string;
  readonly state: KeyState;
  readonly use: 'data';
  /** The number of living sessions that it seals. */
  readonly sessions: number;
}

/** Counts the living sessions that each data key seals, as the rows say, with the names that the newest ring gives the keys. */
export async function countByKey(steps: Steps): Promise<KeyCensus> {
  await steps.newestRing();
  const counts = new Map<string, number>();
  let after: Buffer | null = Buffer.alloc(0);
  while (after !== null) {
    const from: Buffer = after;
    const page = await steps.take(({ store }) => store.walk(from, WALK_PAGE_ROWS));
    for (const row of page.rows) {
      const keyId = row.keyId.toString('hex');
      counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
    }
    after = page.next;
  }
  // The ring may have changed since the count began.
  return censusOf(await steps.newestRing(), counts);
}

function censusOf(ring: KeyRing, counts: ReadonlyMap<string, number>): KeyCensus {
  const keys = ring
    .keys()
    .filter(({ use }) => use === 'enc')
    .map(({ kid, state }): KeyCount => {
      const keyId = Buffer.from(kid, 'base64url').toString('hex', 0, KEY_ID_BYTES);
      return { kid, keyId, state, use: 'data', sessions: counts.get(keyId) ?? 0 };
    });
  const known = new Set(keys.map(({ keyId }) => keyId));
  const unknown = [...counts]
    .filter(([keyId]) => !known.has(keyId))
    .map(([keyId, count]) => ({ keyId, sessions: count }));
  return { keys, unknown, total: [...counts.values()].reduce((sum, count) => sum + count, 0), ring: ring.version };
}
