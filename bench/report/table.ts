import type { Summary } from '../measure/statistics.ts';

export type Cell = number | string;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** The note that a reader needs. */
  readonly note?: string;
}

/** Returns a figure with as many digits as its precision. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export const times = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)} ×` : '–');

export function range({ min, max }: Summary): string {
  return min === max ? '' : `${figure(min)} – ${figure(max)}`;
}

export function toText({ title, columns, rows, note }: Table): string {
  const lines = [columns, ...rows].map((row) => row.map(cellText));
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const isNumber = columns.map((_, at) => rows.some((row) => typeof row[at] === 'number'));
  const draw = (line: readonly string[]): string =>
    line.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  ');
  const [head = [], ...body] = lines;
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [`\n${title}`, draw(head), rule, ...body.map(draw), ...(note === undefined ? [] : [note]), ''].join('\n');
}

export function toMarkdown({ title, columns, rows, note }: Table): string {
  const isNumber = columns.map((_, at) => rows.some((row) => typeof row[at] === 'number'));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    line(columns),
    line(isNumber.map((right) => (right ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(cellText))),
    ...(note === undefined ? [] : ['', note]),
    '',
  ].join('\n');
}

const cellText = (cell: Cell): string => (typeof cell === 'number' ? figure(cell) : cell);
