import type { KeySnapshot } from '../../support/servers/redis-admin.ts';
import type { Fleet } from '../fleet.ts';
import type { FleetNode } from '../fleet-node.ts';

/** Two faults of one group would undo each other. */
export type FaultGroup = 'clock' | 'database' | 'node' | 'redis-server' | 'redis-wire';

export interface FaultKind {
  readonly group: FaultGroup;
  /** Redis leaves service on some node, and its return is measured. */
  readonly losesRedis?: boolean;
  /** One node is without the database, or for longer than the others. Until it knows again which Redis counts, it marks what it writes. */
  readonly partsNodes?: boolean;
  /** Nobody can notice: until `revalidateAfter` has passed, every node may be behind, or every node but the writer. */
  readonly misleads?: 'everybody' | 'others';
  /** Counts what it does, where it may come to nothing. */
  marks?(scene: Scene): number;
  begin(scene: Scene): Promise<void> | void;
  /** Somewhere between. */
  midway?(scene: Scene): Promise<void> | void;
  end(scene: Scene): Promise<void> | void;
}

/** Of one fault, from its beginning to its end. */
export interface Scene {
  readonly fleet: Fleet;
  /** In [0, 1): how slow, how many bytes, how late. */
  readonly choice: number;
  /** Whom it happens to, where it happens to one. */
  readonly node: FleetNode;
  /** What has to be kept until the end. */
  readonly kept: {
    flushing?: Promise<void>;
    isOver?: boolean;
    snapshot?: KeySnapshot;
    starting?: Promise<unknown>;
    /** What ends a fault, where that depends on how it began. */
    heal?: () => Promise<void>;
  };
}

export function oneOf<T>(list: readonly T[], choice: number): T {
  return list[Math.floor(choice * list.length)]!;
}

/** A fault that knows when it begins what will end it. */
export function healedBy(begin: (scene: Scene) => Promise<() => Promise<void>>): Pick<FaultKind, 'begin' | 'end'> {
  return {
    async begin(scene) {
      scene.kept.heal = await begin(scene);
    },
    async end({ kept }) {
      await kept.heal?.();
    },
  };
}
