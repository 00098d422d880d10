import type { Faults as WireFaults } from '../../support/servers/fault-proxy.ts';
import { type FaultKind, oneOf, type Scene } from './fault-kind.ts';

/** How long the wire waits for a reply to cut: long enough for one statement, too short for the breaker. */
const CUTTING_MS = 60;
const LATENCIES_MS = [5, 30, 90, 300];

const reset = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toDatabase }) => toDatabase.resetAll());

/** The reply that is on its way, or the next one, ends after a few bytes. */
function cutReply({ node, choice }: Scene): void {
  node.toDatabase.set({ byteLimit: { direction: 'down', bytes: 1 + Math.floor(choice * 40) } });
  setTimeout(() => node.toDatabase.heal(), CUTTING_MS);
}

/** One node's wire is broken until the end. */
function fromOne(faults: (scene: Scene) => WireFaults): FaultKind {
  return {
    group: 'database',
    partsNodes: true,
    marks: ({ node }) => node.toDatabase.disturbed,
    begin: (scene) => scene.node.toDatabase.set(faults(scene)),
    end: ({ node }) => node.toDatabase.heal(),
  };
}

/** Of the wires to whatever servers the database is. */
export const DATABASE_WIRE_FAULTS = {
  'database-reset': { group: 'database', begin: reset, midway: reset, end: reset },
  'database-reply-cut': { group: 'database', begin: cutReply, midway: cutReply, end: cutReply },
} as const satisfies Record<string, FaultKind>;

/** Of a wire to one server of several. */
export const SERVER_WIRE_FAULTS = {
  'server-cut-from-one': {
    ...fromOne(() => ({ refuse: true })),
    begin({ node: { toDatabase } }) {
      toDatabase.set({ refuse: true });
      toDatabase.resetAll();
    },
  },
  'server-black-hole': fromOne(() => ({ blackHole: true })),
  'server-slow': fromOne(({ choice }) => ({ latencyMs: oneOf(LATENCIES_MS, choice) })),
} as const satisfies Record<string, FaultKind>;
