import type { Operation, Violation } from '../history.ts';
import { KEYS_LOOK_MS_MAX } from '../servers/simulated-ring.ts';
import type { SimulationEvidence } from './check.ts';
import { pausesOf } from './margins.ts';

/** What a load and its question to the fleet may take. */
const LOAD_MS_MAX = 5_000;

/** What a key sealed that is revoked now is served nowhere, however often it was sealed anew since. */
export function checkRing({ history, plan, ring }: SimulationEvidence): Violation[] {
  const { promotedAt, revokedAt } = ring;
  if (revokedAt === Infinity) return [];
  const knownAt = revokedAt + latenessMax(plan);
  const old = new Set(
    history
      .filter(({ kind, returnedAt }) => kind === 'create' && returnedAt < promotedAt)
      .map(({ session }) => session),
  );
  const served = history.find(
    (operation) => old.has(operation.session) && operation.invokedAt > knownAt && operation.outcome.kind === 'session',
  );
  if (served === undefined) return [];
  const message = `${served.kind} served a session of a revoked key`;
  return [{ rule: 'revoked-key', message, session: served.session, operations: [served] }];
}

/**
 * An error that a ring explains which has changed: the session may have been sealed with the key that is revoked; or the node could
 * not ask its fleet which ring is in use, and seals nothing before it can.
 */
export function isOfRing(operation: Operation, { history, plan, ring, outages }: SimulationEvidence): boolean {
  const { session, returnedAt, outcome } = operation;
  if (outcome.kind !== 'failed') return false;
  if (outcome.code === 'HOLDFAST_KEY_RING') return returnedAt >= ring.promotedAt && outages.length > 0;
  if (outcome.code !== 'HOLDFAST_ENVELOPE' || returnedAt < ring.revokedAt) return false;
  const creation = history.find((other) => other.kind === 'create' && other.session === session);
  return creation === undefined || creation.invokedAt <= ring.promotedAt + latenessMax(plan);
}

/** The time after a change for which some node may still use the ring from before: a blocked node loads nothing. */
function latenessMax(plan: SimulationEvidence['plan']): number {
  return KEYS_LOOK_MS_MAX + LOAD_MS_MAX + pausesOf(plan);
}
