import { readFile } from 'node:fs/promises';
import type { EngineOptions } from '../../engine/engine.ts';
import { isHoldfastError, isTierFailure } from '../../errors.ts';
import { markOf, standingOf } from '../../fleet/ring-standing.ts';
import { KeyRing } from '../../keys/ring/key-ring.ts';
import { DOCTOR_ROWS_MAX } from '../../limits/doctor.ts';
import { NODE_ALIVE_MS } from '../../limits/fleet.ts';
import { WALK_PAGE_ROWS } from '../../limits/upkeep.ts';
import type { DurableTier } from '../../tiers/durable.ts';
import type { KeysFacts } from './facts.ts';

const NOTHING: KeysFacts = {
  failure: null,
  isPlain: false,
  keys: [],
  standing: null,
  nodes: 0,
  nodesBehind: 0,
  sessions: 0,
  sealedByRevoked: 0,
  sealedByUnknown: 0,
  unread: null,
};

/** Loads the ring as the client would. `durable` is open, or null; `path` is the file of the ring, where it is known. */
export async function collectKeys(
  { keys, platform }: Pick<EngineOptions, 'keys' | 'platform'>,
  durable: DurableTier | null,
  path: string | undefined,
): Promise<KeysFacts> {
  if ((await ringFormOf(path)) === 'plain') return { ...NOTHING, isPlain: true };
  let ring: KeyRing;
  try {
    ring = keys instanceof KeyRing ? keys : await keys.load();
  } catch (error) {
    return { ...NOTHING, failure: isHoldfastError(error) ? error.message : 'The key source failed.' };
  }
  const own = { ...NOTHING, keys: ring.keys() };
  if (durable === null) return own;
  try {
    return { ...own, ...(await collectFleet(ring, durable)), ...(await collectSealed(ring, durable, platform.now())) };
  } catch (error) {
    if (!isTierFailure(error)) throw error;
    return { ...own, unread: error };
  }
}

/** A Compact JWE: five parts, of which that of the encrypted key may be empty. */
const COMPACT_JWE = /^[\w-]+(?:\.[\w-]*){4}$/;

/** Returns the form of the file of a ring: a JWK Set or a JWE; null if it is neither, or cannot be read. */
export async function ringFormOf(path: string | undefined): Promise<'plain' | 'sealed' | null> {
  if (path === undefined) return null;
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (COMPACT_JWE.test(text)) return 'sealed';
    const content: unknown = JSON.parse(text);
    if (typeof content !== 'object' || content === null) return null;
    if ('keys' in content && Array.isArray(content.keys)) return 'plain';
    return 'ciphertext' in content && typeof content.ciphertext === 'string' ? 'sealed' : null;
  } catch {
    return null;
  }
}

async function collectFleet(ring: KeyRing, durable: DurableTier): Promise<Partial<KeysFacts>> {
  const { now, ring: inUse, nodes } = await durable.fleet.read();
  const live = nodes.filter(({ seenAt }) => now - seenAt < NODE_ALIVE_MS);
  return {
    standing: inUse === null ? null : standingOf(markOf(ring), inUse),
    nodes: live.length,
    nodesBehind: live.filter(({ ringVersion }) => ringVersion < ring.version).length,
  };
}

/** Looks at the key ids of the first rows: `keys census` counts all. */
async function collectSealed(ring: KeyRing, durable: DurableTier, now: number): Promise<Partial<KeysFacts>> {
  const counts = { sessions: 0, sealedByRevoked: 0, sealedByUnknown: 0 };
  let after: Buffer | null = Buffer.alloc(0);
  for (let seen = 0; after !== null && seen < DOCTOR_ROWS_MAX; seen += WALK_PAGE_ROWS) {
    const page = await durable.upkeep.walk({ after, limit: WALK_PAGE_ROWS, aliveAt: now });
    for (const { keyId } of page.rows) {
      counts.sessions += 1;
      if (ring.isRevoked(keyId)) counts.sealedByRevoked += 1;
      else if (ring.dataKey(keyId) === undefined) counts.sealedByUnknown += 1;
    }
    after = page.next;
  }
  return counts;
}
