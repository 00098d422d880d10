import { KeyRingError } from '../errors.ts';
import { lackOf, livingNodes, type Objection } from '../fleet/fleet.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import { RING_PROPAGATION_MS } from '../limits/fleet.ts';
import type { FleetView } from '../tiers/durable.ts';
import { countByKey } from './key-census.ts';
import { reindex } from './reindexing.ts';
import type { Steps } from './steps.ts';
import { DEFAULT_WALK } from './walk.ts';

/**
 * Returns an objection if a decrypt-only key of the ring cannot be retired yet: a live node lacks the ring, or has had it
 * for so short a time that what it sealed before may still be on its way to the database.
 */
export function objectionToRetirement(ring: KeyRing, fleet: FleetView): Objection {
  return lackOf(ring, fleet) ?? tooFresh(fleet);
}

function tooFresh(fleet: FleetView): Objection {
  const living = livingNodes(fleet);
  const fresh = living.filter(({ acknowledgedAt }) => fleet.now - acknowledgedAt < RING_PROPAGATION_MS).length;
  if (fresh === 0) return undefined;
  return `${fresh} of ${living.length} live nodes have had this key ring for less than ${RING_PROPAGATION_MS / 1_000} s.`;
}

/** Throws `KeyRingError` if a living session is sealed (data key) or filed (index key) under the key. */
export function requireUnused(steps: Steps, ring: KeyRing, kid: string): Promise<void> {
  const isDataKey = ring.keys().some((key) => key.kid === kid && key.use === 'enc');
  return isDataKey ? requireUnsealed(steps, kid) : requireUnfiled(steps);
}

async function requireUnsealed(steps: Steps, kid: string): Promise<void> {
  const census = await countByKey(steps);
  const count = census.keys.find((key) => key.kid === kid)?.sessions;
  if (count === 0) return;
  throw new KeyRingError(
    count === undefined
      ? 'The client does not know this key: give it the ring first.'
      : `The key still seals ${count} sessions: re-encrypt them first.`,
  );
}

/** Rows do not say which index key filed them, so every session of a user has to be opened. */
async function requireUnfiled(steps: Steps): Promise<void> {
  const { changed, failed } = await reindex(steps, DEFAULT_WALK, true);
  if (changed > 0)
    throw new KeyRingError(`${changed} sessions are not filed under the active index key: reindex first.`);
  if (failed > 0) throw new KeyRingError(`${failed} sessions do not open, so nobody knows which index key filed them.`);
}
