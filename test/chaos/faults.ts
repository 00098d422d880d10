import type { Random } from '../simulation/random.ts';
import type { Faults as WireFaults } from '../support/servers/fault-proxy.ts';
import type { Fleet, FleetNode } from './fleet.ts';

/** Two faults of one group would undo each other. */
export type FaultGroup = 'clock' | 'database' | 'redis-server' | 'redis-wire';

export interface FaultKind {
  readonly group: FaultGroup;
  /** Redis leaves service on some node, and its return is measured. */
  readonly losesRedis: boolean;
  begin(scene: Scene): Promise<void> | void;
  /** Somewhere between. */
  midway?(scene: Scene): Promise<void> | void;
  end(scene: Scene): Promise<void> | void;
}

export interface Scene {
  readonly fleet: Fleet;
  /** In [0, 1): which node, how slow, how many bytes. */
  readonly choice: number;
}

const LATENCIES_MS = [5, 30, 90, 300];
const SKEW_MS = 4_000;
/** How long the wire waits for a reply to cut: long enough for one statement, too short for the breaker. */
const CUTTING_MS = 60;

function oneOf<T>(list: readonly T[], choice: number): T {
  return list[Math.floor(choice * list.length)]!;
}

const chosen = ({ fleet, choice }: Scene): FleetNode => oneOf(fleet.nodes, choice);

const resetRedis = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toRedis }) => toRedis.resetAll());
const resetPostgres = ({ fleet }: Scene): void => fleet.nodes.forEach(({ toPostgres }) => toPostgres.resetAll());

/** The reply that is on its way, or the next one, ends after a few bytes. */
function cutReply(scene: Scene): void {
  const { toPostgres } = chosen(scene);
  toPostgres.set({ byteLimit: { direction: 'down', bytes: 1 + Math.floor(scene.choice * 40) } });
  setTimeout(() => toPostgres.heal(), CUTTING_MS);
}

function onWire(faults: (scene: Scene) => WireFaults, losesRedis = true): FaultKind {
  return {
    group: 'redis-wire',
    losesRedis,
    begin: (scene) => scene.fleet.nodes.forEach(({ toRedis }) => toRedis.set(faults(scene))),
    end: ({ fleet }) => fleet.nodes.forEach(({ toRedis }) => toRedis.heal()),
  };
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
  'redis-slow': onWire(({ choice }) => ({ latencyMs: oneOf(LATENCIES_MS, choice) }), false),
  'redis-black-hole': onWire(() => ({ blackHole: true })),
  'redis-stalled-up': onWire(() => ({ stall: 'up' })),
  'redis-stalled-down': onWire(() => ({ stall: 'down' })),
  'redis-reset': { group: 'redis-wire', losesRedis: true, begin: resetRedis, midway: resetRedis, end: resetRedis },
  'redis-cut-from-one': {
    group: 'redis-wire',
    losesRedis: true,
    begin(scene) {
      chosen(scene).toRedis.set({ refuse: true });
      chosen(scene).toRedis.resetAll();
    },
    end: (scene) => chosen(scene).toRedis.heal(),
  },
  'database-killed': {
    group: 'database',
    losesRedis: false,
    begin: ({ fleet }) => fleet.postgres.kill(),
    end: ({ fleet }) => fleet.postgres.start(),
  },
  'database-frozen': {
    group: 'database',
    losesRedis: false,
    begin: ({ fleet }) => fleet.postgres.pause(),
    end: ({ fleet }) => fleet.postgres.resume(),
  },
  'database-reset': {
    group: 'database',
    losesRedis: false,
    begin: resetPostgres,
    midway: resetPostgres,
    end: resetPostgres,
  },
  'database-reply-lost': { group: 'database', losesRedis: false, begin: cutReply, midway: cutReply, end: cutReply },
  'clock-skewed': {
    group: 'clock',
    losesRedis: false,
    begin: (scene) => chosen(scene).tell({ kind: 'skew', skewMs: scene.choice * 7 < 3.5 ? -SKEW_MS : SKEW_MS }),
    end: (scene) => chosen(scene).tell({ kind: 'skew', skewMs: 0 }),
  },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

export interface Fault {
  readonly name: FaultName;
  readonly choice: number;
}

/** One or two faults at a time, for `lengthMs`; then everything is healed and left alone for a while. */
export interface Round {
  readonly faults: readonly Fault[];
  readonly lengthMs: number;
}

/** Every kind once, in an order of the seed's, then again; half of the time with a second one of another group. */
export function drawRounds(random: Random, only?: readonly FaultName[]): () => Round {
  const names = only ?? (Object.keys(FAULTS) as FaultName[]);
  let deck: FaultName[] = [];
  const draw = (fits: (name: FaultName) => boolean): FaultName | undefined => {
    if (!deck.some(fits)) deck = [...deck, ...shuffled(random, names)];
    const at = deck.findIndex(fits);
    return at < 0 ? undefined : deck.splice(at, 1)[0];
  };
  return () => {
    const first = draw(() => true)!;
    const second = random.chance(0.5) ? draw((name) => FAULTS[name].group !== FAULTS[first].group) : undefined;
    const faults = [first, second].flatMap((name) => (name === undefined ? [] : [{ name, choice: random.unit() }]));
    return { faults, lengthMs: random.logBetween(1_200, 4_000) };
  };
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, at: random.unit() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
