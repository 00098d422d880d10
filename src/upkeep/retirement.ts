import { KeyRingError } from '../errors.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import { withRetired } from '../keys/ring/rotation.ts';
import { RING_PROPAGATION_MS } from '../limits/fleet.ts';
import { requireOptions } from '../option-checks.ts';
import type { FleetView } from '../tiers/durable.ts';
import { lackOf, livingNodes, waitForFleet, type Objection } from '../fleet/fleet.ts';
import { keyCensus } from './key-census.ts';
import { requireConsent, type AskingNobody, type AskingTheFleet } from '../fleet/promotion.ts';
import { reindexSessions } from './reindexing.ts';
import type { MaintenanceTarget } from '../fleet/target.ts';

export type RetireKeyOptions = (AskingNobody | AskingTheFleet) & {
  /** A decrypt-only key. */
  readonly kid: string;
};

/**
 * A ring, one version higher, in which a decrypt-only key opens nothing any more. Refuses, with a `KeyRingError` that says why,
 * until every live node has used the ring that is given for 20 s, and no living session is sealed (data key) or filed (index
 * key) under the key. `force` asks nobody, and then what the key still seals cannot be read any more. A ring in which it is
 * retired already is returned as it is.
 */
export async function retireKey(ring: KeyRing, options: RetireKeyOptions): Promise<KeyRing> {
  const given = requireOptions('retireKey options', options, ['sessions', 'kid', 'force', 'timeout']);
  const { kid } = given;
  const retired = withRetired(ring, kid);
  if (retired === ring || given.force === true) return retired;
  const { sessions, timeout } = requireConsent('retireKey', given);
  await waitForFleet(sessions, { ring, timeout, objectionTo: (fleet) => lackOf(ring, fleet) ?? unsettled(fleet) });
  // Only now: what a node sealed before it had the ring is committed, or never will be.
  await requireUnused(sessions, ring, kid);
  return retired;
}

function unsettled(fleet: FleetView): Objection {
  const living = livingNodes(fleet);
  const fresh = living.filter(({ acknowledgedAt }) => fleet.now - acknowledgedAt < RING_PROPAGATION_MS).length;
  if (fresh === 0) return undefined;
  return `${fresh} of ${living.length} live nodes have had this key ring for less than ${RING_PROPAGATION_MS / 1_000} s.`;
}

async function requireUnused(sessions: MaintenanceTarget, ring: KeyRing, kid: string): Promise<void> {
  const isDataKey = ring.keys().some((key) => key.kid === kid && key.use === 'enc');
  return isDataKey ? requireUnsealed(sessions, kid) : requireUnfiled(sessions);
}

async function requireUnsealed(sessions: MaintenanceTarget, kid: string): Promise<void> {
  const census = await keyCensus(sessions);
  const count = census.keys.find((key) => key.kid === kid)?.sessions;
  if (count === 0) return;
  throw new KeyRingError(
    count === undefined
      ? 'The client does not know this key: give it the ring first.'
      : `The key still seals ${count} sessions: re-encrypt them first.`,
  );
}

/** Rows do not say which index key filed them, so every session of a user has to be opened. */
async function requireUnfiled(sessions: MaintenanceTarget): Promise<void> {
  const { changed, failed } = await reindexSessions(sessions, { dryRun: true });
  if (changed > 0)
    throw new KeyRingError(`${changed} sessions are not filed under the active index key: reindex first.`);
  if (failed > 0) throw new KeyRingError(`${failed} sessions do not open, so nobody knows which index key filed them.`);
}
