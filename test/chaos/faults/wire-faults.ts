import type { Faults as WireFaults } from '../../support/servers/fault-proxy.ts';
import type { FaultKind, Scene } from './fault-kind.ts';

const LATENCIES_MS = [5, 30, 90, 300];

const resetRedis = ({ fleet }: Scene): void => fleet.redisWires.forEach((wire) => wire.resetAll());

function everywhere(faults: (scene: Scene) => WireFaults, losesRedis = true): FaultKind {
  return {
    group: 'redis-wire',
    losesRedis,
    begin: (scene) => scene.fleet.redisWires.forEach((wire) => wire.set(faults(scene))),
    end: ({ fleet }) => fleet.redisWires.forEach((wire) => wire.heal()),
  };
}

/** Concern the wires between the nodes and whatever they reach Redis by. */
export const WIRE_FAULTS = {
  'redis-slow': everywhere(
    ({ choice }) => ({ latencyMs: LATENCIES_MS[Math.floor(choice * LATENCIES_MS.length)]! }),
    false,
  ),
  'redis-black-hole': everywhere(() => ({ blackHole: true })),
  'redis-stalled-up': everywhere(() => ({ stall: 'up' })),
  'redis-stalled-down': everywhere(() => ({ stall: 'down' })),
  'redis-reset': { group: 'redis-wire', losesRedis: true, begin: resetRedis, midway: resetRedis, end: resetRedis },
  'redis-cut-from-one': {
    group: 'redis-wire',
    losesRedis: true,
    begin({ node }) {
      for (const wire of node.toRedis) {
        wire.set({ refuse: true });
        wire.resetAll();
      }
    },
    end: ({ node }) => node.toRedis.forEach((wire) => wire.heal()),
  },
} as const satisfies Record<string, FaultKind>;
