import { GROWTH_OPERATIONS } from '../cases/growth.ts';
import { ratio, typical, type Rounds } from '../measure/rounds.ts';
import type { Measurement } from '../measure/slice.ts';
import type { Results } from '../results.ts';
import { NAMES } from '../subjects/names.ts';
import { comparison } from './comparison.ts';
import { httpTables } from './http-tables.ts';
import { type Cell, figure, range, times, type Table } from './table.ts';
import { isMet, TARGETS } from './targets.ts';

/** Returns every table of the run, in the order in which a reader wants them. */
export function tablesOf(results: Results): Table[] {
  return [
    targetsTable(results),
    comparison(results),
    results.throughput && throughputTable(results.throughput, results.schedule.callers),
    results.latency && latencyTable(results.latency),
    results.operations && operationsTable(results.operations),
    results.memory && memoryTable(results.memory),
    results.survival && survivalTable(results.survival),
    results.outage && outageTable(results.outage),
    results.growth && growthTable(results.growth),
    results.cluster && clusterTable(results.cluster),
    results.startup && startupTable(results.startup),
    results.heap && heapTable(results.heap),
    ...(results.http ? httpTables(results.http) : []),
    ...(results.profile ?? []).map(profileTable),
  ].filter((table) => table !== undefined);
}

function targetsTable(results: Results): Table | undefined {
  const rows = TARGETS.flatMap((target) => {
    const measured = target.measure(results);
    if (measured === undefined) return [];
    const { what, unit, isAtMost, limit, later } = target;
    const withUnit = (value: number): string => `${figure(value)} ${unit}`.trim();
    const wanted = limit === undefined ? '' : `${isAtMost ? '≤' : '≥'} ${withUnit(limit)}`;
    const byCpu = target.byCpu?.(results);
    return [
      [
        what,
        withUnit(measured.median),
        range(measured),
        byCpu === undefined ? '' : times(byCpu),
        wanted,
        VERDICTS.get(isMet(target, measured.median)) ?? 'additional',
        later ? withUnit(later) : '',
      ],
    ];
  });
  if (rows.length === 0) return undefined;
  const columns = ['target', 'measured', 'rounds', 'by CPU', 'wanted', '', 'later'];
  return {
    title: 'Targets',
    columns,
    rows,
    note: 'The median of the paired rounds, and the lowest and highest of them. "By CPU" compares CPU time per operation, client and servers together. "Additional" rows have no target.',
  };
}

const VERDICTS: ReadonlyMap<boolean | undefined, string> = new Map([
  [true, 'met'],
  [false, 'NOT MET'],
]);

function throughputTable(rounds: Rounds, callers: number): Table {
  const rows = Object.entries(rounds).map(([name, measured]) => {
    const { perSecond, clientCpu, redisCpu, databaseCpu, p50, p99, failed, strays } = typical(measured);
    const reference = ratio(rounds, name, NAMES.redisRead);
    const wrong = [failed > 0 ? `${failed} failed` : '', strays > 0 ? `${strays} astray` : '']
      .filter(Boolean)
      .join(', ');
    return [
      name,
      perSecond,
      times(reference.median),
      range(reference),
      clientCpu,
      redisCpu,
      databaseCpu,
      p50,
      p99,
      wrong,
    ];
  });
  return {
    title: `Throughput, ${callers} callers`,
    columns: ['', 'per s', '× connect-redis', 'rounds', 'client µs', 'Redis µs', 'database µs', 'p50 ms', 'p99 ms', ''],
    rows,
    note: 'µs are CPU time per operation. "Astray": answered by another tier than the name says.',
  };
}

function latencyTable(latency: NonNullable<Results['latency']>): Table {
  const names = Object.keys(latency[0]?.rounds ?? {});
  const shown = ['p50', 'p90', 'p99', 'p999'] as const satisfies readonly (keyof Measurement)[];
  const rows = names.flatMap((name) =>
    latency.map(({ callers, rounds }) => {
      const measured = typical(rounds[name] ?? []);
      return [name, callers, measured.perSecond, ...shown.map((key) => measured[key]), measured.max];
    }),
  );
  return { title: 'Latency in ms', columns: ['', 'callers', 'per s', 'p50', 'p90', 'p99', 'p99.9', 'max'], rows };
}

function operationsTable({ count, stores }: NonNullable<Results['operations']>): Table {
  const rows = stores.map(({ store, oneByOne, concurrent }) => [
    store,
    oneByOne.median,
    range(oneByOne),
    concurrent.median,
    range(concurrent),
  ]);
  return {
    title: `${figure(count)} operations, in seconds`,
    columns: ['', 'one by one', 'rounds', '128 callers', 'rounds'],
    rows,
    note: '80 % reads with their touch, 10 % updates (read, change, write), 5 % creates, 5 % destroys.',
  };
}

function memoryTable(memory: NonNullable<Results['memory']>): Table {
  const rows = memory.map(({ store, redisUsed, redisKey, row, cookie }) => [
    store,
    redisUsed ?? '–',
    redisKey ?? '–',
    row ?? '–',
    cookie,
  ]);
  return {
    title: 'Room for one session, in bytes',
    columns: ['', 'Redis, used_memory', 'Redis, MEMORY USAGE', 'row with indexes', 'cookie'],
    rows,
    note: 'Rows right after they were inserted; our table keeps half of each page free for updates in place.',
  };
}

function survivalTable(survival: NonNullable<Results['survival']>): Table {
  return {
    title: 'Persistence, tried',
    columns: ['', 'acknowledged', 'left'],
    rows: survival.map(({ store, acknowledged, left }) => [store, acknowledged, left]),
    note: 'SIGKILL to Redis and PostgreSQL after the last acknowledgement. Redis takes snapshots as redis.conf ships.',
  };
}

function outageTable(outage: NonNullable<Results['outage']>): Table {
  const { requests, failed, callers } = outage;
  return {
    title: 'Redis killed under load',
    columns: ['', ''],
    rows: [
      ['requests, failed', `${figure(requests)}, ${failed}`],
      [
        'reads per s: before, while it is down, at the end',
        [outage.readsBefore, outage.readsDown, outage.readsAfter].map(figure).join(', '),
      ],
      ['p99 in the second before and after the kill', `${figure(outage.p99Before)} ms, ${figure(outage.p99Switch)} ms`],
      ['slowest request of the second after', `${figure(outage.maxSwitch)} ms`],
      ['back on Redis after it was started', `${figure(outage.backAfterMs)} ms`],
      [
        'Redis given up although it was there: before, after',
        `${reasons(outage.lossesBefore)}; ${reasons(outage.lossesAfter)}`,
      ],
    ],
    note: `${callers} callers without a pause, 10 % updates; Redis comes back with an old snapshot.`,
  };
}

function growthTable(growth: NonNullable<Results['growth']>): Table {
  const rows = growth.map(({ sessions, operations, against, cpuAgainst }) => [
    figure(sessions),
    ...GROWTH_OPERATIONS.flatMap((name) => [
      operations[name].perSecond,
      times(against[name].median),
      times(cpuAgainst[name]),
    ]),
  ]);
  return {
    title: 'Growth, operations per s',
    columns: ['sessions', ...GROWTH_OPERATIONS.flatMap((name) => [name, '×', '× CPU'])],
    rows,
    note: '"×": the rate against that with the fewest sessions, the median of the paired rounds. "× CPU": CPU time per operation against the same.',
  };
}

function clusterTable({ pairs, rounds }: NonNullable<Results['cluster']>): Table {
  const rows = pairs.flatMap(({ operation, standalone, cluster }) =>
    [standalone, cluster].map((name): Cell[] => {
      const { perSecond, clientCpu, redisCpu, databaseCpu, p50, p99, failed, strays } = typical(rounds[name] ?? []);
      const rate = ratio(rounds, name, standalone);
      const cpu = ratio(rounds, name, standalone, 'clientCpu');
      return [
        `${operation}, ${name === cluster ? 'cluster' : 'one server'}`,
        perSecond,
        times(rate.median),
        range(rate),
        clientCpu,
        times(cpu.median),
        redisCpu,
        databaseCpu,
        p50,
        p99,
        failed + strays,
      ];
    }),
  );
  return {
    title: 'Cluster of three masters, against one server',
    columns: [
      '',
      'per s',
      '×',
      'rounds',
      'client µs',
      '× client µs',
      'Redis µs',
      'database µs',
      'p50 ms',
      'p99 ms',
      'failed or astray',
    ],
    rows,
    note: 'µs are CPU time per operation; those of Redis are the sum of its servers.',
  };
}

function startupTable(startup: NonNullable<Results['startup']>): Table {
  return {
    title: 'Import in a fresh process',
    columns: ['', 'ms', 'rounds', 'CPU ms', 'rounds'],
    rows: startup.map(({ imported, wall, cpu }) => [imported, wall.median, range(wall), cpu.median, range(cpu)]),
  };
}

function heapTable(heap: NonNullable<Results['heap']>): Table {
  return {
    title: 'Memory of a process with many live sessions',
    columns: ['', 'heap MiB', 'external MiB', 'bytes per session'],
    rows: heap.map(({ when, heap: used, external, perSession }) => [when, used, external, perSession]),
    note: 'After a garbage collection. The memo, 32 MiB by default, bounds what a process keeps of sessions that it has read.',
  };
}

function profileTable({ subject, astray, busy, areas, functions }: NonNullable<Results['profile']>[number]): Table {
  const rows = functions.map(({ name, microseconds }, at) => [
    name,
    microseconds,
    areas[at]?.name ?? '',
    areas[at]?.microseconds ?? '',
  ]);
  return {
    title: `Profile: ${subject}`,
    columns: ['function (self)', 'µs', 'area (self)', 'µs'],
    rows,
    note: `${figure(busy)} µs per operation, with the profiler's own share; ${figure(100 * astray)} % went astray. The two halves are sorted for themselves.`,
  };
}

function reasons(losses: Readonly<Record<string, number>>): string {
  return (
    Object.entries(losses)
      .map(([reason, count]) => `${count} × ${reason}`)
      .join(', ') || 'never'
  );
}
