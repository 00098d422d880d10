import { ConfigurationError } from '../errors.ts';
import { KeyRing } from '../keys/key-ring.ts';
import { requireOptions } from '../option-checks.ts';
import type { Duration } from '../platform/duration.ts';
import { lackOf, refuseRival, waitForFleet } from './fleet.ts';
import { requireConsent } from './promotion.ts';
import type { MaintenanceTarget } from './target.ts';

export interface WaitForNodesOptions {
  /** A client of the fleet. It is one of the nodes that are waited for. */
  readonly sessions: MaintenanceTarget;
  /** How long to wait for nodes that lag behind; up to 1 h. @defaultValue 0 */
  readonly timeout?: Duration;
}

/**
 * Resolves once every live node uses the ring or a newer one: a key that it revokes is then refused everywhere. Save the ring
 * where the nodes load it first. Throws `KeyRingError` that names the nodes that lag behind, the version that each of them has,
 * and when it was last seen; they are named as their own `health().keys.node` is. A node that has been silent for a minute does
 * not count.
 */
export async function waitForNodes(ring: KeyRing, options: WaitForNodesOptions): Promise<void> {
  const given = requireOptions('waitForNodes options', options, ['sessions', 'timeout']);
  const candidate: unknown = ring;
  if (!(candidate instanceof KeyRing)) throw new ConfigurationError('waitForNodes: expected a KeyRing.');
  const { sessions, timeout } = requireConsent('waitForNodes', given);
  await waitForFleet(sessions, {
    ring,
    timeout,
    objectionTo: (fleet) => lackOf(ring, fleet),
    refuse: refuseRival,
  });
}
