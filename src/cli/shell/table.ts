/** A column of a plain-text table, as wide as its widest cell. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'right';
  /** Colours a cell after padding, since colours have no width. */
  readonly style?: (text: string, row: Row) => string;
}

export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const widths = columns.map(({ heading, cell }) => Math.max(heading.length, ...rows.map((row) => cell(row).length)));
  const pad = (text: string, at: number): string => {
    const width = widths[at] ?? 0;
    if (columns[at]?.align === 'right') return text.padStart(width);
    return at === columns.length - 1 ? text : text.padEnd(width);
  };
  const lineOf = (cells: readonly string[]): string => cells.join('  ').trimEnd();
  return [
    lineOf(columns.map(({ heading }, at) => pad(heading, at))),
    ...rows.map((row) =>
      lineOf(columns.map(({ cell, style }, at) => (style ?? ((text) => text))(pad(cell(row), at), row))),
    ),
  ].join('\n');
}

/** Returns the width of the table, without colours. */
export function widthOf(table: string): number {
  return Math.max(...table.split('\n').map((line) => line.length));
}
