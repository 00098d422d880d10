import type { Operation, Violation } from '../history.ts';
import { KEYS_LOOK_MS_MAX } from '../simulated-ring.ts';
import type { SimulationEvidence } from './check.ts';

/** What a load and its question to the fleet may take. */
const LOAD_MS_MAX = 5_000;

/** What a key sealed that is revoked now is served nowhere, however often it was sealed anew since. */
export function checkRing({ history, plan, ring }: SimulationEvidence): Violation[] {
  const { promotedAt, revokedAt } = ring;
  if (revokedAt === Infinity) return [];
  const pausedMs = plan.faults
    .filter(({ kind }) => kind === 'node-pause' || kind === 'node-suspend')
    .reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  const knownAt = revokedAt + KEYS_LOOK_MS_MAX + LOAD_MS_MAX + pausedMs;
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

/** Whether the session may have been sealed with the key that is revoked, and the answer is from after that. */
export function mayBeRevoked(
  { session, returnedAt }: Operation,
  { history, ring }: Pick<SimulationEvidence, 'history' | 'ring'>,
): boolean {
  if (returnedAt < ring.revokedAt) return false;
  const creation = history.find((operation) => operation.kind === 'create' && operation.session === session);
  return creation === undefined || creation.invokedAt <= ring.promotedAt + KEYS_LOOK_MS_MAX + LOAD_MS_MAX;
}
