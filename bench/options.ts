import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Schedule } from './measure/rounds.ts';

export const CASES = [
  'throughput',
  'latency',
  'operations',
  'memory',
  'survival',
  'outage',
  'growth',
  'cluster',
  'startup',
  'heap',
  'http',
  'profile',
] as const;
export type CaseName = (typeof CASES)[number];

export interface Options {
  readonly quick: boolean;
  readonly cases: ReadonlySet<CaseName>;
  readonly throughput: Schedule;
  /** The latency case, which runs once for each number of callers. */
  readonly latency: Omit<Schedule, 'callers'>;
  /** The sessions of which each is read so seldom that the process remembers nothing of it. */
  readonly seldomRead: number;
  readonly operations: { readonly count: number; readonly rounds: number; readonly withSlowPeers: boolean };
  /** The sessions whose room in each store is measured. */
  readonly stored: number;
  /** The live sessions of one process. */
  readonly live: number;
  readonly outage: { readonly beforeMs: number; readonly downMs: number; readonly afterMs: number };
  /** The schedule over HTTP, where one process serves all callers. */
  readonly http: Schedule;
  /** The time that each subject is watched by the profiler, in milliseconds. */
  readonly profileMs: number;
  /** The numbers of sessions in the tables when an operation is timed. */
  readonly growth: readonly number[];
  readonly growthRounds: Omit<Schedule, 'callers'>;
  /** A folder, with a slash at its end. */
  readonly out: string;
}

/** The callers over HTTP: enough to keep the server's core busy, and few enough that p99 is not only the queue. */
const HTTP_CALLERS = 32;

const HELP = `npm run bench -- [options]

  --quick             all cases in about two minutes; writes to .cache/bench instead of docs/benchmarks
  --only a,b          some of: ${CASES.join(', ')}
  --rounds N          paired rounds; growth and http have half of them, latency a third, operations at most three
  --callers N         concurrent callers (128)
  --growth a,b,c      sizes of the table (1000,10000,100000,1000000)
  --out FOLDER        where results and plots go
`;

/** Reads the options. Exits after `--help`, and throws for an unknown one. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      callers: { type: 'string', default: '128' },
      growth: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit();
  }
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 15));
  const growth = values.growth ?? (quick ? '1000,10000' : '1000,10000,100000,1000000');
  return {
    quick,
    cases: casesOf(values.only),
    throughput: { callers: Number(values.callers), ms: quick ? 250 : 1_000, rounds },
    latency: { ms: quick ? 150 : 1_000, rounds: quick ? 1 : Math.ceil(rounds / 3) },
    seldomRead: quick ? 2_000 : 20_000,
    operations: { count: quick ? 2_000 : 10_000, rounds: quick ? 1 : Math.min(rounds, 3), withSlowPeers: !quick },
    stored: quick ? 3_000 : 20_000,
    live: quick ? 10_000 : 100_000,
    outage: quick
      ? { beforeMs: 1_000, downMs: 2_000, afterMs: 2_000 }
      : { beforeMs: 2_000, downMs: 3_000, afterMs: 3_000 },
    http: { callers: HTTP_CALLERS, ms: quick ? 200 : 400, rounds: quick ? 1 : Math.ceil(rounds / 2) },
    profileMs: quick ? 1_000 : 5_000,
    growth: growth.split(',').map(Number),
    growthRounds: { ms: quick ? 200 : 500, rounds: quick ? 2 : Math.ceil(rounds / 2) },
    out: values.out ?? fileURLToPath(new URL(quick ? '../.cache/bench/' : '../docs/benchmarks/', import.meta.url)),
  };
}

function casesOf(only: string | undefined): ReadonlySet<CaseName> {
  const names = only?.split(',') ?? CASES;
  const unknown = names.find((name) => !(CASES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--only: there is no case "${unknown}", only ${CASES.join(', ')}`);
  return new Set(names as CaseName[]);
}
