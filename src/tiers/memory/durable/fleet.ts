import type { Fleet, FleetView, NodeMark, RingMark } from '../../durable.ts';
import type { MemoryTables } from './tables.ts';

export class MemoryFleet implements Fleet {
  readonly #tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  async raiseRing(ring: RingMark): Promise<RingMark> {
    const { fleet } = this.#tables;
    if (fleet.ring === null || ring.version > fleet.ring.version) fleet.ring = copyOf(ring);
    return copyOf(fleet.ring);
  }

  async heartbeat({ nodeId, beat, ringVersion, masters }: NodeMark): Promise<void> {
    const { nodes } = this.#tables.fleet;
    const seenAt = this.#tables.now();
    const name = nodeId.toString('hex');
    const known = nodes.get(name);
    if (known !== undefined && known.beat >= beat) return;
    const acknowledgedAt = known?.ringVersion === ringVersion ? known.acknowledgedAt : seenAt;
    nodes.set(name, { nodeId: Buffer.from(nodeId), beat, ringVersion, masters, seenAt, acknowledgedAt });
  }

  async read(): Promise<FleetView> {
    const { ring, masters, nodes } = this.#tables.fleet;
    return {
      now: this.#tables.now(),
      ring: ring && copyOf(ring),
      masters,
      nodes: [...nodes.values()].map((node) => ({ ...node, nodeId: Buffer.from(node.nodeId) })),
    };
  }

  async nameMasters(seen: string | null, masters: string): Promise<boolean> {
    const { fleet } = this.#tables;
    if (fleet.ring === null || fleet.masters !== seen) return false;
    fleet.masters = masters;
    return true;
  }

  async forget(which: Buffer | number): Promise<void> {
    const { nodes } = this.#tables.fleet;
    for (const [name, { seenAt, nodeId }] of nodes) {
      if (typeof which === 'number' ? seenAt < which : nodeId.equals(which)) nodes.delete(name);
    }
  }
}

function copyOf({ version, fingerprint }: RingMark): RingMark {
  return { version, fingerprint: Buffer.from(fingerprint) };
}
