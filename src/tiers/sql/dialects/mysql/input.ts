import {
  type ColumnValue,
  type Columns,
  constant,
  type Fragment,
  type Reader,
  sessions,
  sql,
  string,
} from '../../tag.ts';

/** The row after those of the calls. It has a value in this column and null in the others, so it has no key. */
export interface LastRow<Command> {
  readonly column: string;
  readonly read: (commands: readonly Command[]) => number;
}

/**
 * Joins the calls, as rows of `input`, with the rows of their sessions. All calls are one parameter, so that one text serves
 * any number; bytes are hexadecimal. The hints make the server look up one session after the other, in the order of their
 * keys, by the primary key: without them it may read and lock the whole table.
 */
export function inputJoined<Command>(
  join: 'LEFT JOIN' | 'STRAIGHT_JOIN',
  columns: Columns<Command>,
  last?: LastRow<Command>,
): Fragment<readonly Command[]> {
  const paths = Object.entries(columns).map(([name, { type }], n) => `${name} ${TYPES[type]} PATH '$[${n}]'`);
  return sql`
    JSON_TABLE(${string(jsonOf(columns, last))}, '$[*]' COLUMNS (
      ${constant(paths.join(', '))}
    )) AS input ${constant(join)} ${sessions} AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)`;
}

const TYPES: Readonly<Record<ColumnValue<never>['type'], string>> = {
  bytes: 'LONGTEXT',
  flag: 'BIGINT',
  integer: 'BIGINT',
};

function jsonOf<Command>(columns: Columns<Command>, last?: LastRow<Command>): Reader<readonly Command[], string> {
  const values = Object.values(columns);
  const lastRow = Object.keys(columns).map((name) => name === last?.column);
  return (commands, namespace) => {
    const inOrder = byKey(commands, (command) => columns.storage_key.read(command, namespace));
    const rows = inOrder.map((command) => values.map((value) => jsonValue(value, command, namespace)));
    if (last) rows.push(lastRow.map((isColumn) => (isColumn ? last.read(commands) : null)));
    return JSON.stringify(rows);
  };
}

/** Orders the calls as the rows are locked. */
export function byKey<Command>(
  commands: readonly Command[],
  keyOf: (command: Command) => Buffer | null,
): readonly Command[] {
  return commands.toSorted((a, b) => (keyOf(a) ?? NONE).compare(keyOf(b) ?? NONE));
}

function jsonValue<Command>(value: ColumnValue<Command>, command: Command, namespace: string): number | string | null {
  if (value.type === 'bytes') return value.read(command, namespace)?.toString('hex') ?? null;
  return Number(value.read(command, namespace));
}

const NONE: Buffer = Buffer.alloc(0);
