import type { MoveUserKeyCommand, NodeMark, RingMark, WalkCommand } from '../tier.ts';
import type { Inspected, Statement } from './dialect.ts';

/**
 * The wording of the statements that key rotation needs: over all sessions, and on the two tables of the fleet. As in
 * `Dialect`, each is atomic. None carries a deadline: run again or late, a statement repeats what was true when it was
 * sent, and at worst a node looks alive, or behind, until its next heartbeat.
 */
export interface FleetDialect {
  /** The two tables, in the order in which `open` looks at them. */
  readonly tables: readonly Inspected[];

  /** Every row that was looked at, in order: `is_alive` is 1 for the living ones of this namespace. */
  walk(namespace: string, command: WalkCommand): Statement;
  moveUserKey(namespace: string, command: MoveUserKeyCommand): Statement;
  /** One row, the highest ring after it. */
  raiseRing(namespace: string, ring: RingMark): Statement;
  heartbeat(namespace: string, node: NodeMark): Statement;
  /** At least one row, which carries `now`; ring and node are null where there are none. */
  readFleet(namespace: string): Statement;
  forgetNodes(namespace: string, which: Buffer | number): Statement;
}
