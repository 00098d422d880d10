import { formatTable } from '../shell/table.ts';
import type { Terminal } from '../shell/terminal.ts';
import type { BenchReport, OperationReport } from './bench.ts';

/** Writes the answers as a table, with what is worth a look below it. */
export function textOfBench(report: BenchReport, terminal: Terminal): string {
  const { operations, concurrency, dataBytes } = report;
  const table = formatTable(operations, [
    { heading: 'operation', cell: ({ title }) => title },
    { heading: 'alone p50', cell: ({ alone }) => `${alone.p50Ms} ms`, align: 'right' },
    { heading: 'alone p99', cell: ({ alone }) => `${alone.p99Ms} ms`, align: 'right' },
    { heading: `${concurrency} callers`, cell: ({ together }) => `${together.perSecond}/s`, align: 'right' },
    { heading: 'p50', cell: ({ together }) => `${together.p50Ms} ms`, align: 'right' },
    { heading: 'p99', cell: ({ together }) => `${together.p99Ms} ms`, align: 'right' },
    {
      heading: 'CPU here',
      cell: ({ clientCpuUs }) => (clientCpuUs === null ? '-' : `${clientCpuUs} µs`),
      align: 'right',
    },
    { heading: 'capacity.md', cell: ({ capacityCpuUs }) => spellRange(capacityCpuUs), align: 'right' },
  ]);
  const notes = notesOn(report).map((note) => terminal.style('yellow', note));
  return [`Sessions with ${dataBytes} bytes of data`, '', table, ...(notes.length > 0 ? ['', ...notes] : [])].join(
    '\n',
  );
}

/** Returns the sentences about what is not as it should be. */
function notesOn({ operations, cleanUp }: BenchReport): string[] {
  return [
    ...operations.flatMap((operation) => [...noteOnRedis(operation), ...noteOnErrors(operation)]),
    ...(cleanUp.rowsLeft > 0
      ? [`${cleanUp.rowsLeft} rows are left to the sweep: Redis has missed a write of them.`]
      : []),
  ];
}

function noteOnRedis({ title, redisShare }: OperationReport): string[] {
  if (redisShare === null || redisShare > 0.99) return [];
  return [`${title}: Redis answered ${Math.round(redisShare * 100)} % only. health() and "holdfast doctor" say why.`];
}

function noteOnErrors({ title, errors }: OperationReport): string[] {
  return Object.entries(errors).map(([code, count]) => `${title}: ${count} calls failed with ${code}.`);
}

function spellRange(range: OperationReport['capacityCpuUs']): string {
  if (range === null) return '-';
  const [from, to] = range;
  return from === to ? `${from} µs` : `${from}–${to} µs`;
}
