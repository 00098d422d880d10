import { ConfigurationError } from '../errors.ts';
import { KeyRing } from '../keys/ring/key-ring.ts';
import { requireOptions } from '../option-checks.ts';
import type { Duration } from '../platform/duration.ts';
import { lackOf, livingNodes, refuseRival, silentNodes, statusOf, waitForFleet, type NodeStatus } from './fleet.ts';
import { requireConsent } from './promotion.ts';
import type { MaintenanceTarget } from './target.ts';

export interface WaitForNodesOptions {
  /** A client of the fleet. It is one of the nodes that are waited for. */
  readonly sessions: MaintenanceTarget;
  /** How long to wait for nodes that lag behind; up to 1 h. @defaultValue 0 */
  readonly timeout?: Duration;
}

export interface Acknowledgement {
  /** How many live nodes use the ring. */
  readonly nodes: number;
  /**
   * Nodes that were not waited for, because they have been silent for a minute, and that did not have the ring when they were
   * last seen. They have died; or they cannot reach the database, and may still read from the primary tier.
   */
  readonly silent: readonly NodeStatus[];
}

/**
 * Resolves once every live node uses the ring or a newer one: a key that it revokes is then refused everywhere. Save the ring
 * where the nodes load it first. Throws `KeyRingError` that names the nodes that lag behind, the version that each of them has,
 * and when it was last seen; they are named as their own `health().keys.node` is. A node that has been silent for a minute does
 * not count: the answer names those that lack the ring.
 */
export async function waitForNodes(ring: KeyRing, options: WaitForNodesOptions): Promise<Acknowledgement> {
  const given = requireOptions('waitForNodes options', options, ['sessions', 'timeout']);
  const candidate: unknown = ring;
  if (!(candidate instanceof KeyRing)) throw new ConfigurationError('waitForNodes: expected a KeyRing.');
  const { sessions, timeout } = requireConsent('waitForNodes', given);
  const fleet = await waitForFleet(sessions, {
    ring,
    timeout,
    objectionTo: (seen) => lackOf(ring, seen),
    refuse: refuseRival,
  });
  const silent = silentNodes(fleet).filter(({ ringVersion }) => ringVersion < ring.version);
  return { nodes: livingNodes(fleet).length, silent: silent.map((node) => statusOf(node, fleet)) };
}
