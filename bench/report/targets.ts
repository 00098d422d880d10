import { ratio, typical, type Rounds } from '../measure/rounds.ts';
import type { Summary } from '../measure/statistics.ts';
import type { Results } from '../results.ts';
import { measurementName, peerOf, type SiteKey } from '../http/names.ts';
import type { Wire } from '../http/wire.ts';
import { NAMES, type SubjectKey } from '../subjects/names.ts';

/** A target for a figure. Ratios are ours to theirs. */
export interface Target {
  readonly what: string;
  readonly unit: string;
  readonly isAtMost?: true;
  /** The wanted figure. Without it, the figure is only reported. */
  readonly limit?: number;
  /** The figure that is wanted later. */
  readonly later?: number;
  /** Returns the figure; undefined if the run does not give it. */
  measure(results: Results): Summary | undefined;
  /** Returns the same by CPU time, client and servers together: the rates without other load on the machine. */
  byCpu?(results: Results): number | undefined;
}

/** A target of throughput: the rate of one subject against that of another. */
function faster(what: string, ours: SubjectKey, theirs: SubjectKey, limit: number, later?: number): Target {
  return {
    what,
    unit: '×',
    limit,
    ...(later === undefined ? {} : { later }),
    measure: ({ throughput }) => throughput && ratio(throughput, NAMES[ours], NAMES[theirs]),
    byCpu: ({ throughput }) => throughput && cpuOf(throughput, NAMES[theirs]) / cpuOf(throughput, NAMES[ours]),
  };
}

/** A target of a whole page view: one site against the peer with Redis up, in requests per second. */
function fasterPage(what: string, site: SiteKey, isRedisDown: boolean, limit: number): Target {
  const [ours, theirs] = pageViews(site, isRedisDown);
  return {
    what,
    unit: '×',
    limit,
    measure: ({ http }) => http && ratio(http.rounds, ours, theirs),
    byCpu: ({ http }) => http && cpuOf(http.rounds, theirs) / cpuOf(http.rounds, ours),
  };
}

function additionalPage(what: string, site: SiteKey): Target {
  const { limit: _none, ...measured } = fasterPage(what, site, false, Number.NaN);
  return measured;
}

/** A target of slow answers, against those of the peer. */
function noSlowerPage(what: string, site: SiteKey): Target {
  const [ours, theirs] = pageViews(site, false);
  return {
    what,
    unit: '×',
    isAtMost: true,
    limit: 1,
    measure: ({ http }) => http && ratio(http.rounds, ours, theirs, 'p99'),
  };
}

/** A target of one page view's commands of Redis, or statements. */
function onTheWire(what: string, site: SiteKey, limit: number, count: (wire: Wire) => number): Target {
  const [ours] = pageViews(site, false);
  const measure = ({ http }: Results): Summary | undefined => {
    const wire = http?.wires[ours];
    return wire && once(count(wire));
  };
  return { what, unit: '', isAtMost: true, limit, measure };
}

function pageViews(site: SiteKey, isRedisDown: boolean): [ours: string, theirs: string] {
  return [measurementName(site, 'signedIn', isRedisDown), measurementName(peerOf(site), 'signedIn', false)];
}

const commandsOf = ({ commands }: Wire): number => Object.values(commands).reduce((sum, count) => sum + count, 0);

/** A figure that is measured beside the targets, without one of its own. */
function additional(what: string, ours: SubjectKey, theirs: SubjectKey): Target {
  const { limit: _none, ...measured } = faster(what, ours, theirs, Number.NaN);
  return measured;
}

/** Returns microseconds per operation; only the client's where the system does not report the servers'. */
function cpuOf(rounds: Rounds, name: string): number {
  const { clientCpu, redisCpu, databaseCpu } = typical(rounds[name] ?? []);
  return clientCpu + (redisCpu || 0) + (databaseCpu || 0);
}

const once = (value: number | undefined): Summary | undefined =>
  value === undefined ? undefined : { median: value, min: value, max: value };

const CONNECT_REDIS = 'connect-redis get + touch';
const UNTIMED = 'connect-redis get + touch without its timeouts';
const PG_SIMPLE = 'connect-pg-simple set';
const EXPRESS_PEER = 'Express page view, signed in, against express-session + connect-redis';
const FASTIFY_PEER = 'Fastify page view, signed in, against @fastify/session + connect-redis';
const PRISMA_STORE = 'prisma-session-store set';

export const TARGETS: readonly Target[] = [
  faster(`read hit, session read again, against ${CONNECT_REDIS}`, 'readAgain', 'redisRead', 2.5),
  faster(`read hit, session not seen lately, against ${CONNECT_REDIS}`, 'readSeldom', 'redisRead', 1),
  faster(`read hit, session read again, against ${UNTIMED}`, 'readAgain', 'redisReadUntimed', 1.5),
  faster(`read hit, session not seen lately, against ${UNTIMED}`, 'readSeldom', 'redisReadUntimed', 0.55),
  faster(`read, Redis down, session read again, against ${CONNECT_REDIS}`, 'downAgain', 'redisRead', 1),
  faster(`read, Redis down, session not seen lately, against ${CONNECT_REDIS}`, 'downSeldom', 'redisRead', 0.55),
  faster('read, Redis down, against connect-pg-simple get + touch', 'downAgain', 'pgRead', 8),
  faster(`create, against ${PG_SIMPLE}`, 'create', 'pgCreate', 2, 4),
  faster(`update, against ${PG_SIMPLE}`, 'update', 'pgUpdate', 1.6, 3),
  faster(`create, against ${PRISMA_STORE}`, 'create', 'prismaCreate', 6, 15),
  faster(`update, against ${PRISMA_STORE}`, 'update', 'prismaUpdate', 6, 15),
  additional(`update of a session in hand, against ${PG_SIMPLE}`, 'updateInHand', 'pgUpdate'),
  faster('update (read, change, write), against connect-pg-simple get + set', 'update', 'pgUpdateWhole', 3),
  additional('update (read, change, write), against prisma-session-store get + set', 'update', 'prismaUpdateWhole'),
  {
    what: 'median latency of a read hit, one caller, against ioredis GET + codec',
    unit: '×',
    isAtMost: true,
    limit: 1.25,
    measure({ latency }) {
      const rounds = latency?.find(({ callers }) => callers === 1)?.rounds;
      return rounds && ratio(rounds, NAMES.readAgain, NAMES.floor, 'p50');
    },
  },
  {
    what: 'Redis killed under load: failed requests',
    unit: '',
    isAtMost: true,
    limit: 0,
    measure: ({ outage }) => once(outage?.failed),
  },
  {
    what: 'Redis killed under load: p99 in the second after',
    unit: 'ms',
    isAtMost: true,
    limit: 250,
    measure: ({ outage }) => once(outage?.p99Switch),
  },
  {
    what: 'Redis killed under load: back on Redis after it was started again',
    unit: 'ms',
    isAtMost: true,
    limit: 1_000,
    measure: ({ outage }) => once(outage?.backAfterMs),
  },
  fasterPage(EXPRESS_PEER, 'expressNative', false, 1.3),
  noSlowerPage(`${EXPRESS_PEER}: p99`, 'expressNative'),
  fasterPage(`${EXPRESS_PEER}: ours with Redis killed, theirs with Redis up`, 'expressNative', true, 1),
  additionalPage(`${EXPRESS_PEER}: with HoldfastStore`, 'expressStore'),
  additionalPage(FASTIFY_PEER, 'fastifyNative'),
  additionalPage(`${FASTIFY_PEER}: with HoldfastStore`, 'fastifyStore'),
  onTheWire('Express page view, signed in: Redis commands', 'expressNative', 1, commandsOf),
  onTheWire('Express page view, signed in: SQL statements', 'expressNative', 0, ({ statements }) => statements),
  onTheWire('the same with HoldfastStore: Redis commands', 'expressStore', 1, commandsOf),
  onTheWire('the same with HoldfastStore: SQL statements', 'expressStore', 0, ({ statements }) => statements),
  {
    what: 'Redis memory per session, against connect-redis',
    unit: '×',
    isAtMost: true,
    limit: 1.15,
    measure({ memory }) {
      const used = (name: string): number | null | undefined => memory?.find(({ store }) => store === name)?.redisUsed;
      const [ours, theirs] = [used('holdfast'), used('connect-redis')];
      return ours && theirs ? once(ours / theirs) : undefined;
    },
  },
  {
    what: 'growth: the slowest operation with the most sessions, against the fewest',
    unit: '×',
    limit: 0.8,
    later: 1,
    measure({ growth }) {
      const [first, last] = [growth?.at(0), growth?.at(-1)];
      if (first === undefined || last === undefined || first === last) return undefined;
      return Object.values(last.against).toSorted((a, b) => a.median - b.median)[0];
    },
    byCpu({ growth }) {
      const last = growth?.at(-1);
      return last && 1 / Math.max(...Object.values(last.cpuAgainst));
    },
  },
];

/** Returns undefined for a figure without a target. */
export function isMet({ isAtMost, limit }: Target, value: number): boolean | undefined {
  if (limit === undefined) return undefined;
  return isAtMost ? value <= limit : value >= limit;
}
