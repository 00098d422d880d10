import type { HttpResult } from '../cases/http.ts';
import { measurementName, OUR_SITES, PAGE_KEYS, PAGES, peerOf, SITE_KEYS, SITES, type PageKey } from '../http/names.ts';
import { ratio, typical } from '../measure/rounds.ts';
import { figure, range, times, type Cell, type Table } from './table.ts';

const COLUMNS = [
  '',
  'requests/s',
  '× peer',
  'rounds',
  'server µs',
  'core',
  'Redis µs',
  'database µs',
  'p50 ms',
  'p99 ms',
  'one request',
  'commands',
  'statements',
  '',
];

export function httpTables(http: HttpResult): Table[] {
  return [...PAGE_KEYS.map((page) => pageTable(http, page)), probeTable(http)];
}

function pageTable(http: HttpResult, page: PageKey): Table {
  const rows = [false, true].flatMap((isRedisDown) =>
    SITE_KEYS.flatMap((site): Cell[][] => {
      const name = measurementName(site, page, isRedisDown);
      const measured = http.rounds[name];
      if (measured === undefined) return [];
      const { perSecond, clientCpu, redisCpu, databaseCpu, p50, p99, failed, strays } = typical(measured);
      const reference = ratio(http.rounds, name, measurementName(peerOf(site), page, false));
      const wire = http.wires[name];
      return [
        [
          `${SITES[site]}${isRedisDown ? ', Redis killed' : ''}`,
          perSecond,
          times(reference.median),
          range(reference),
          clientCpu,
          `${figure(Math.round((perSecond * clientCpu) / 10_000))} %`,
          redisCpu,
          databaseCpu,
          p50,
          p99,
          wire === undefined ? '–' : onTheWire(wire),
          wire?.commandsUnderLoad ?? '–',
          wire?.statementsUnderLoad ?? '–',
          [failed > 0 ? `${failed} failed` : '', strays > 0 ? `${strays} astray` : ''].filter(Boolean).join(', '),
        ],
      ];
    }),
  );
  return {
    title: `HTTP: ${PAGES[page].title}, ${http.schedule.callers} connections`,
    columns: COLUMNS,
    rows,
    note: '"× peer": against the same framework with its session library and connect-redis, Redis up. "Core": of one core, what the server process used. "One request": Redis commands and SQL statements of a request by itself; commands that a script calls are listed with it. "Commands" and "statements" are those per request under load, where requests share them, with what all processes do by themselves.',
  };
}

function onTheWire({ commands, statements }: HttpResult['wires'][string]): string {
  const redis = Object.entries(commands).map(([name, count]) => `${figure(count)} ${name}`);
  return [...redis, ...(statements > 0 ? [`${figure(statements)} SQL`] : [])].join(', ') || 'nothing';
}

function probeTable({ probes, schedule }: HttpResult): Table {
  const rows = probes.map(({ site, page, outcomes, p50, max }): Cell[] => [
    SITES[site],
    PAGES[page].title,
    Object.entries(outcomes)
      .map(([outcome, count]) => `${count} × ${outcome}`)
      .join(', '),
    p50,
    max,
  ]);
  return {
    title: 'HTTP: the first visitors after Redis was killed',
    columns: ['', 'page', 'answers', 'p50 ms', 'max ms'],
    rows,
    note: `${schedule.callers} visitors of each page at once, one page after the other. ${OUR_SITES.length} of the sites go on from the database; their rates are above.`,
  };
}
