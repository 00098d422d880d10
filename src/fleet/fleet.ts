import { KeyRingError } from '../errors.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import { FLEET_POLL_MS, NODE_ALIVE_MS, NODE_NAME_BYTES, NODES_NAMED_MAX } from '../limits/fleet.ts';
import { delay, type Platform } from '../platform/platform.ts';
import type { FleetView, FleetNode } from '../tiers/durable.ts';

/** The reason why the fleet is not ready yet; undefined if it is. */
export type Objection = string | undefined;

/** A condition that the fleet has to meet. */
export interface FleetQuestion {
  readonly ring: KeyRing;
  /** The longest wait for nodes that lag behind. */
  readonly timeoutMs: number;
  /** Returns the reason why the fleet is not ready. */
  readonly objectionTo: (fleet: FleetView) => Objection;
  /** Throws `KeyRingError` for what waiting cannot change. @defaultValue `refuseStale` */
  readonly refuse?: (ring: KeyRing, fleet: FleetView) => void;
}

/** Resolves with the fleet once nothing speaks against it. Rejects with a `KeyRingError` that says what does. */
export async function waitForFleet(
  platform: Platform,
  readFleet: () => Promise<FleetView>,
  { ring, timeoutMs, objectionTo, refuse = refuseStale }: FleetQuestion,
): Promise<FleetView> {
  const deadline = platform.monotonic() + timeoutMs;
  for (;;) {
    const fleet = await readFleet();
    refuse(ring, fleet);
    const objection = objectionTo(fleet);
    if (objection === undefined) return fleet;
    if (platform.monotonic() + FLEET_POLL_MS > deadline) throw new KeyRingError(objection);
    await delay(platform, FLEET_POLL_MS);
  }
}

/** Throws `KeyRingError` if the fleet uses a newer ring: waiting does not make an old one newer. */
export function refuseStale(ring: KeyRing, fleet: FleetView): void {
  const highest = fleet.ring;
  if (highest !== null && highest.version > ring.version) {
    throw new KeyRingError(
      `The fleet uses key ring version ${highest.version}: version ${ring.version} is not the newest.`,
    );
  }
  refuseRival(ring, fleet);
}

/** Throws `KeyRingError` if the fleet uses another ring of the same version: one of them is a mistake. */
export function refuseRival(ring: KeyRing, { ring: highest }: FleetView): void {
  if (highest?.version !== ring.version || highest.fingerprint.equals(ring.fingerprint())) return;
  throw new KeyRingError(`The fleet uses another key ring of version ${ring.version}.`);
}

/** Returns the nodes that may still read and write. A node that died without leaving counts for a minute. */
export function livingNodes(fleet: FleetView): FleetNode[] {
  return fleet.nodes.filter((node) => isAlive(node, fleet));
}

/** Returns the nodes that are not waited for: they have died, or cannot reach the database. */
export function silentNodes(fleet: FleetView): FleetNode[] {
  return fleet.nodes.filter((node) => !isAlive(node, fleet));
}

function isAlive({ seenAt }: FleetNode, { now }: FleetView): boolean {
  return now - seenAt <= NODE_ALIVE_MS;
}

/**
 * Returns the name of a node in messages and in `health().keys.node`: the beginning of an id that it drew when its process
 * began.
 */
export function nodeNameOf(nodeId: Buffer): string {
  return nodeId.toString('hex', 0, NODE_NAME_BYTES);
}

/** Returns an objection if the fleet has not seen the ring, or live nodes lack it. */
export function lackOf({ version }: KeyRing, fleet: FleetView): Objection {
  const living = livingNodes(fleet);
  const lacking = living.filter(({ ringVersion }) => ringVersion < version);
  if (lacking.length > 0) {
    const count = `${lacking.length} of ${living.length} live nodes`;
    const names = spellNodes(lacking.map((node) => statusOf(node, fleet)));
    return `${count} do not have key ring version ${version} yet: ${names}.`;
  }
  if (fleet.ring !== null && fleet.ring.version < version) return `No node has key ring version ${version} yet.`;
  return undefined;
}

/** A node as an operator may see it. */
export interface NodeStatus {
  /** The node's own `health().keys.node`. */
  readonly node: string;
  /** The version of the ring that it had when it was last seen. */
  readonly ring: number;
  /** The time since then, by the database's clock. */
  readonly secondsAgo: number;
}

/** Returns a node as an operator may see it. */
export function statusOf({ nodeId, ringVersion, seenAt }: FleetNode, { now }: FleetView): NodeStatus {
  const secondsAgo = Math.max(0, Math.round((now - seenAt) / 1_000));
  return { node: nodeNameOf(nodeId), ring: ringVersion, secondsAgo };
}

/** Returns the names of the nodes for a message, the first 10 of them. */
export function spellNodes(nodes: readonly NodeStatus[]): string {
  const named = nodes
    .slice(0, NODES_NAMED_MAX)
    .map(({ node, ring, secondsAgo }) => `${node} (has version ${ring}, seen ${secondsAgo} s ago)`);
  const others = nodes.length - named.length;
  return named.join(', ') + (others > 0 ? `, and ${others} more` : '');
}
