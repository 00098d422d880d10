import { asPostgresAdmin } from '../support/servers/postgres.ts';
import type { Faults as WireFaults } from '../support/servers/fault-proxy.ts';
import type { KeySnapshot } from '../support/servers/redis-admin.ts';
import type { Mishap } from '../support/servers/statement-proxy.ts';
import type { Fleet } from './fleet.ts';
import type { FleetNode } from './fleet-node.ts';

/** Two faults of one group would undo each other. */
export type FaultGroup = 'clock' | 'database' | 'node' | 'redis-server' | 'redis-wire';

export interface FaultKind {
  readonly group: FaultGroup;
  /** Redis leaves service on some node, and its return is measured. */
  readonly losesRedis?: boolean;
  /** Nobody can notice: until `revalidateAfter` has passed, every node may be behind, or every node but the writer. */
  readonly misleads?: 'everybody' | 'others';
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
  readonly kept: { flushing?: Promise<void>; isOver?: boolean; snapshot?: KeySnapshot; starting?: Promise<unknown> };
}

const LATENCIES_MS = [5, 30, 90, 300];
const SKEW_MS = 4_000;
/** How long the wire waits for a reply to cut: long enough for one statement, too short for the breaker. */
const CUTTING_MS = 60;
/** Often enough to come between the steps of one call. */
const FLUSH_EVERY_MS = 8;
/** Statements that meet with a mishap each time: fewer in a row than open the breaker of any node for long. */
const MISHAPS = 4;
/** From before the client has asked again to after the statement's own deadline. */
const LATENESS_MS = [20, 300, 1_200, 2_600];
const WRITES = /(INSERT INTO|UPDATE) "/;
const INSERTS = /INSERT INTO "/;

function oneOf<T>(list: readonly T[], choice: number): T {
  return list[Math.floor(choice * list.length)]!;
}

const resetRedis = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toRedis }) => toRedis.resetAll());
const resetPostgres = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toPostgres }) => toPostgres.resetAll());

/** The reply that is on its way, or the next one, ends after a few bytes. */
function cutReply({ node, choice }: Scene): void {
  node.toPostgres.set({ byteLimit: { direction: 'down', bytes: 1 + Math.floor(choice * 40) } });
  setTimeout(() => node.toPostgres.heal(), CUTTING_MS);
}

async function endSessions({ fleet }: Scene): Promise<void> {
  const others = `datname = '${fleet.postgres.database}' AND pid <> pg_backend_pid()`;
  await asPostgresAdmin(fleet.postgres, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`);
}

function everywhere(faults: (scene: Scene) => WireFaults, losesRedis = true): FaultKind {
  return {
    group: 'redis-wire',
    losesRedis,
    begin: (scene) => scene.fleet.nodes.forEach(({ toRedis }) => toRedis.set(faults(scene))),
    end: ({ fleet }) => fleet.nodes.forEach(({ toRedis }) => toRedis.heal()),
  };
}

/** Concerns the next writes, of any sender. */
function mishap(kind: Mishap): FaultKind {
  const aim = ({ fleet, choice }: Scene): void => {
    const at = choice < 0.3 ? INSERTS : WRITES;
    const lateMs = oneOf(LATENESS_MS, (choice * LATENESS_MS.length * 2) % 1);
    fleet.statements.aim(...Array.from({ length: MISHAPS }, () => ({ mishap: kind, at, lateMs })));
  };
  return { group: 'database', begin: aim, midway: aim, end: ({ fleet }) => fleet.statements.aim() };
}

export const FAULTS = {
  'redis-killed-old-data': {
    group: 'redis-server',
    losesRedis: true,
    begin: ({ fleet }) => fleet.redis.save(),
    midway: ({ fleet }) => fleet.redis.kill(),
    end: ({ fleet }) => fleet.redis.start(),
  },
  'redis-killed-empty': {
    group: 'redis-server',
    losesRedis: true,
    begin: ({ fleet }) => fleet.redis.kill(),
    end: ({ fleet }) => fleet.redis.start({ wipe: true }),
  },
  'redis-frozen': {
    group: 'redis-server',
    losesRedis: true,
    begin: ({ fleet }) => fleet.redis.pause(),
    end: ({ fleet }) => fleet.redis.resume(),
  },
  'redis-full': {
    group: 'redis-server',
    losesRedis: true,
    async begin({ fleet }) {
      await fleet.redis.config('maxmemory-policy', 'noeviction');
      await fleet.redis.config('maxmemory', '1');
    },
    end: ({ fleet }) => fleet.redis.config('maxmemory', '0'),
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
    async begin({ fleet, kept }) {
      kept.snapshot = await fleet.redis.snapshot();
    },
    end: ({ fleet, kept }) => fleet.redis.rollBack(kept.snapshot!),
  },
  'redis-slow': everywhere(({ choice }) => ({ latencyMs: oneOf(LATENCIES_MS, choice) }), false),
  'redis-black-hole': everywhere(() => ({ blackHole: true })),
  'redis-stalled-up': everywhere(() => ({ stall: 'up' })),
  'redis-stalled-down': everywhere(() => ({ stall: 'down' })),
  'redis-reset': { group: 'redis-wire', losesRedis: true, begin: resetRedis, midway: resetRedis, end: resetRedis },
  'redis-cut-from-one': {
    group: 'redis-wire',
    losesRedis: true,
    begin({ node }) {
      node.toRedis.set({ refuse: true });
      node.toRedis.resetAll();
    },
    end: ({ node }) => node.toRedis.heal(),
  },
  'redis-two-masters': {
    group: 'redis-wire',
    losesRedis: true,
    misleads: 'others',
    begin({ fleet, node }) {
      node.toRedis.leadTo(fleet.otherRedis.coordinates);
      node.toRedis.resetAll();
    },
    end({ fleet, node }) {
      node.toRedis.leadTo(fleet.redis.coordinates);
      node.toRedis.resetAll();
    },
  },
  'database-killed': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.kill(),
    end: ({ fleet }) => fleet.postgres.start(),
  },
  'database-restarted': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.shutDown(),
    end: ({ fleet }) => fleet.postgres.start(),
  },
  'database-frozen': {
    group: 'database',
    begin: ({ fleet }) => fleet.postgres.pause(),
    end: ({ fleet }) => fleet.postgres.resume(),
  },
  'database-reset': { group: 'database', begin: resetPostgres, midway: resetPostgres, end: resetPostgres },
  'database-sessions-ended': { group: 'database', begin: endSessions, midway: endSessions, end: endSessions },
  'database-reply-cut': { group: 'database', begin: cutReply, midway: cutReply, end: cutReply },
  'database-answer-lost': mishap('answer-lost'),
  'database-question-lost': mishap('question-lost'),
  'database-question-late': mishap('question-late'),
  'node-killed': {
    group: 'node',
    async begin({ fleet, node, kept }) {
      await fleet.killNode(node);
      // It may need a database that is only there again at the end.
      kept.starting = fleet.addNode();
      kept.starting.catch(() => undefined);
    },
    async end({ kept }) {
      await kept.starting;
    },
  },
  'node-frozen': {
    group: 'node',
    losesRedis: true,
    begin: ({ node }) => node.freeze(),
    end: ({ node }) => node.thaw(),
  },
  'clock-skewed': {
    group: 'clock',
    begin: ({ node, choice }) => node.send({ kind: 'skew', skewMs: choice * 7 < 3.5 ? -SKEW_MS : SKEW_MS }),
    end: ({ node }) => node.send({ kind: 'skew', skewMs: 0 }),
  },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

export function kindOf(name: FaultName): FaultKind {
  return FAULTS[name];
}

/** Leases, holds and tombstones go with the values: nothing may need them to be there. */
function keepFlushing({ fleet, kept }: Scene): Promise<void> {
  return fleet.redis.asAdmin(async (admin) => {
    while (!kept.isOver) {
      await admin.flushall();
      await new Promise((resolve) => setTimeout(resolve, FLUSH_EVERY_MS));
    }
  });
}
