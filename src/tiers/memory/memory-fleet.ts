import type { Fleet, FleetNode, NodeMark, RingMark, SweepClaim } from '../tier.ts';

/** The nodes of one namespace, the highest ring that they have used, and which pass may sweep. */
class MemoryFleet {
  #ring: RingMark | null = null;
  #sweep: { readonly passId: Buffer; readonly until: number } | null = null;
  readonly #nodes = new Map<string, FleetNode>();

  raise(ring: RingMark): RingMark {
    if (this.#ring === null || ring.version > this.#ring.version) this.#ring = copyOf(ring);
    return copyOf(this.#ring);
  }

  see({ nodeId, ringVersion }: NodeMark, now: number): void {
    const name = nodeId.toString('hex');
    const known = this.#nodes.get(name);
    const acknowledgedAt = known?.ringVersion === ringVersion ? known.acknowledgedAt : now;
    this.#nodes.set(name, { nodeId: Buffer.from(nodeId), ringVersion, seenAt: now, acknowledgedAt });
  }

  read(now: number): Fleet {
    const nodes = [...this.#nodes.values()].map((node) => ({ ...node, nodeId: Buffer.from(node.nodeId) }));
    return { now, ring: this.#ring && copyOf(this.#ring), nodes };
  }

  claimSweep({ passId, forMs }: SweepClaim, now: number): boolean {
    if (this.#ring === null) return false;
    if (this.#sweep !== null && this.#sweep.until > now && !this.#sweep.passId.equals(passId)) return false;
    this.#sweep = { passId: Buffer.from(passId), until: now + forMs };
    return true;
  }

  forget(which: Buffer | number): void {
    for (const [name, { seenAt, nodeId }] of this.#nodes) {
      if (typeof which === 'number' ? seenAt < which : nodeId.equals(which)) this.#nodes.delete(name);
    }
  }
}

/** The tables beside the sessions, found by the map that holds those. */
const fleets = new WeakMap<object, Map<string, MemoryFleet>>();

export function fleetOf(database: object, namespace: string): MemoryFleet {
  const ofDatabase = fleets.get(database) ?? new Map<string, MemoryFleet>();
  fleets.set(database, ofDatabase);
  const fleet = ofDatabase.get(namespace) ?? new MemoryFleet();
  ofDatabase.set(namespace, fleet);
  return fleet;
}

function copyOf({ version, fingerprint }: RingMark): RingMark {
  return { version, fingerprint: Buffer.from(fingerprint) };
}
