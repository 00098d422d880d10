/** The ring that a fleet uses. The fingerprint distinguishes two rings of one version. */
export interface RingMark {
  readonly version: number;
  /** 32 bytes, public. */
  readonly fingerprint: Buffer;
}

/** A running client, the ring that it seals and opens with, and its report of the primary tier. */
export interface NodeMark {
  /** 16 random bytes. */
  readonly nodeId: Buffer;
  /** Counts the node's heartbeats: one that is executed after a later one changes nothing. */
  readonly beat: number;
  readonly ringVersion: number;
  /**
   * Names the servers of the primary tier that the node is connected to. At most `MASTERS_CHARS_MAX` characters of ASCII
   * without spaces, compared byte by byte; empty at first.
   */
  readonly masters: string;
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
  /** Names the servers of the primary tier that count; null before the first `nameMasters`. */
  readonly masters: string | null;
  readonly nodes: readonly FleetNode[];
}

/** The nodes that share a namespace, the highest key ring that any of them has used, and the servers of the primary tier that count. */
export interface Fleet {
  /** Records that a ring is in use, if it is higher than every one before it. Returns the highest, which never sinks. */
  raiseRing(ring: RingMark): Promise<RingMark>;
  /** Records that the node is alive at the database's present time, its ring, and its report. */
  heartbeat(node: NodeMark): Promise<void>;
  read(): Promise<FleetView>;
  /**
   * Replaces the names of the servers that count, if they are still those that were `seen`. False if they are others by now, or
   * no ring was raised yet. The text has the bounds of a report.
   */
  nameMasters(seen: string | null, masters: string): Promise<boolean>;
  /** Removes the node of this id from the fleet, or all that were last seen before this time of the database's clock. */
  forget(which: Buffer | number): Promise<void>;
}
