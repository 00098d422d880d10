/** The ring that a fleet uses. The fingerprint distinguishes two rings of one version. */
export interface RingMark {
  readonly version: number;
  /** 32 bytes, public. */
  readonly fingerprint: Buffer;
}

/** A running client, and the ring that it seals and opens with. */
export interface NodeMark {
  /** 16 random bytes. */
  readonly nodeId: Buffer;
  readonly ringVersion: number;
}

/** A node as the others see it. Times are milliseconds of the database's clock. */
export interface FleetNode extends NodeMark {
  /** The latest heartbeat. */
  readonly seenAt: number;
  /** The first heartbeat with this ring version. */
  readonly acknowledgedAt: number;
}

/** The fleet as the database has it at one moment. */
export interface FleetView {
  /** The database's clock, milliseconds, before the nodes were looked for. */
  readonly now: number;
  /** The highest ring that any node has ever used; null before the first. */
  readonly ring: RingMark | null;
  readonly nodes: readonly FleetNode[];
}

/** The nodes that share a namespace, and the highest key ring that any of them has used. */
export interface Fleet {
  /** Records that a ring is in use, if it is higher than every one before it. Returns the highest, which never sinks. */
  raiseRing(ring: RingMark): Promise<RingMark>;
  /** Records that the node is alive at the database's present time, and its ring. */
  heartbeat(node: NodeMark): Promise<void>;
  read(): Promise<FleetView>;
  /** Removes the node of this id from the fleet, or all that were last seen before this time of the database's clock. */
  forget(which: Buffer | number): Promise<void>;
}
