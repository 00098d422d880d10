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
  if (path !== undefined && (await isPlain(path))) return { ...NOTHING, isPlain: true };
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

/** True for a JWK Set: a ring that is sealed has no keys that can be seen. */
async function isPlain(path: string): Promise<boolean> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof content === 'object' && content !== null && 'keys' in content && Array.isArray(content.keys);
  } catch {
    return false;
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
