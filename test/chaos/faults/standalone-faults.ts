import type { RedisServer } from '../../support/servers/redis.ts';
import type { Standalone } from '../redis/standalone.ts';
import type { FaultKind, Scene } from './fault-kind.ts';

/** Often enough to come between the steps of one call. */
const FLUSH_EVERY_MS = 8;

function standalone({ fleet: { redis } }: Scene): Standalone {
  if (redis.topology !== 'standalone') throw new Error('this fault is one of a single server');
  return redis;
}

/** Where the node's connections lead from now on. */
function lead({ node }: Scene, { coordinates }: RedisServer): void {
  for (const wire of node.toRedis) {
    wire.leadTo(coordinates);
    wire.resetAll();
  }
}

export const STANDALONE_FAULTS = {
  'redis-killed-old-data': {
    group: 'redis-server',
    losesRedis: true,
    begin: (scene) => standalone(scene).server.save(),
    midway: (scene) => standalone(scene).server.kill(),
    end: (scene) => standalone(scene).server.start(),
  },
  'redis-killed-empty': {
    group: 'redis-server',
    losesRedis: true,
    begin: (scene) => standalone(scene).server.kill(),
    end: (scene) => standalone(scene).server.start({ wipe: true }),
  },
  'redis-frozen': {
    group: 'redis-server',
    losesRedis: true,
    begin: (scene) => standalone(scene).server.pause(),
    end: (scene) => standalone(scene).server.resume(),
  },
  'redis-full': {
    group: 'redis-server',
    losesRedis: true,
    async begin(scene) {
      await standalone(scene).server.config('maxmemory-policy', 'noeviction');
      await standalone(scene).server.config('maxmemory', '1');
    },
    end: (scene) => standalone(scene).server.config('maxmemory', '0'),
  },
  'redis-flushed': {
    group: 'redis-server',
    begin(scene) {
      scene.kept.flushing = keepFlushing(scene);
    },
    async end({ kept }) {
      kept.isOver = true;
      await kept.flushing;
    },
  },
  'redis-rolled-back': {
    group: 'redis-server',
    misleads: 'everybody',
    async begin(scene) {
      scene.kept.snapshot = await standalone(scene).server.snapshot();
    },
    end: (scene) => standalone(scene).server.rollBack(scene.kept.snapshot!),
  },
  'redis-two-masters': {
    group: 'redis-wire',
    losesRedis: true,
    misleads: 'others',
    begin: (scene) => lead(scene, standalone(scene).other),
    end: (scene) => lead(scene, standalone(scene).server),
  },
} as const satisfies Record<string, FaultKind>;

/** Leases, holds and tombstones go with the values: nothing may need them to be there. */
function keepFlushing(scene: Scene): Promise<void> {
  return standalone(scene).server.asAdmin(async (admin) => {
    while (!scene.kept.isOver) {
      await admin.flushall();
      await new Promise((resolve) => setTimeout(resolve, FLUSH_EVERY_MS));
    }
  });
}
