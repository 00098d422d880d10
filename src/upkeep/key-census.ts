import type { KeyState } from '../keys/ring/ring-key.ts';
import { KEY_ID_BYTES } from '../limits/keys.ts';
import { WALK_PAGE_ROWS } from '../limits/upkeep.ts';
import { requireOptions } from '../option-checks.ts';
import { newestRing } from '../fleet/newest-ring.ts';
import { retry } from '../platform/retry.ts';
import type { MaintenanceTarget, Opened } from '../fleet/target.ts';

export interface KeyCensus {
  /** Every data key of the ring. */
  readonly keys: readonly KeyCount[];
  /** Key ids that the ring does not have. */
  readonly unknown: readonly { readonly keyId: string; readonly sessions: number }[];
  /** Living sessions. */
  readonly total: number;
  /** The version of the ring that the client used. */
  readonly ring: number;
}

export interface KeyCount {
  readonly kid: string;
  /** How envelopes and rows name the key: 16 hexadecimal digits. */
  readonly keyId: string;
  readonly state: KeyState;
  readonly use: 'data';
  /** Living sessions that it seals. */
  readonly sessions: number;
}

export interface CensusOptions {
  /** Ends the count, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Counts the living sessions that each data key seals, by the rows' own word: whoever writes to the database can make it lie.
 * Names the keys of the newest ring that the client's source has. Waits for a tier that is away. Rejects with `KeyRingError` if
 * that ring cannot be had, or the fleet uses a newer one.
 */
export async function keyCensus(sessions: MaintenanceTarget, options: CensusOptions = {}): Promise<KeyCensus> {
  const { signal } = requireOptions('keyCensus options', options, ['signal']);
  const platform = await sessions['~use'](({ platform: own }) => Promise.resolve(own));
  await newestRing(sessions, platform, signal);
  const counts = new Map<string, number>();
  let after: Buffer | null = Buffer.alloc(0);
  while (after !== null) {
    const from: Buffer = after;
    const count = ({ store }: Opened) => store.walk(from, WALK_PAGE_ROWS);
    const page = await retry(platform, signal, () => sessions['~use'](count));
    for (const row of page.rows) {
      const keyId = row.keyId.toString('hex');
      counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
    }
    after = page.next;
  }
  // Somebody may have changed it since the count began.
  const ring = await newestRing(sessions, platform, signal);
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
