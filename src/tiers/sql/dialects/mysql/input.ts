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

/** A row behind those of the calls, without a key: it has this column, and null in the others. */
export interface LastRow<Command> {
  readonly column: string;
  readonly read: (commands: readonly Command[]) => number;
}

/**
 * The calls as rows of `input`, joined with the sessions' own. They are one parameter, so that one text serves any number of
 * calls; bytes are hexadecimal. They are looked up one after the other, in the order of their keys, by the primary key:
 * without hints the server may read the whole table, and lock all of it.
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
