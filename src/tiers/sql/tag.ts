import type { ClusterTime } from './cluster/cluster-time.ts';

/**
 * SQL whose values stand where they are used:
 *
 *     sql<Move>`UPDATE ${sessions} SET user_key = ${bytes((move) => move.to)} WHERE storage_key = ${storageKey}`
 *
 * A fragment is text with values, and may hold other fragments. It is compiled once for each database (`compile.ts`); a
 * value never becomes part of the text.
 */
export function sql<Command>(texts: TemplateStringsArray, ...parts: readonly Part<Command>[]): Fragment<Command> {
  return { kind: 'fragment', texts: withoutMargin(texts), parts };
}

/** Removes the indentation of the code from text that begins on a line of its own. */
function withoutMargin(texts: readonly string[]): readonly string[] {
  if (!texts[0]?.startsWith('\n')) return texts;
  const trimmed = texts.map((text, n) => (n === texts.length - 1 ? text.trimEnd() : text));
  const indents = trimmed.flatMap((text) =>
    [...text.matchAll(/\n( *)(?=[^\n ]|$)/g)].map(([, indent = '']) => indent.length),
  );
  const margin = '\n'.padEnd(1 + Math.min(...indents));
  return trimmed.map((text, n) => text.replaceAll(margin, '\n').slice(n === 0 ? 1 : 0));
}

/** Reads one value of a call. */
export type Reader<Command, Read> = (command: Command, namespace: string) => Read;

/** A part of a fragment. */
export type Part<Command> = Choice<Command> | Fragment<Command> | Late | Repetition<Command> | Table | Value<Command>;

export interface Fragment<Command> {
  readonly kind: 'fragment';
  readonly texts: readonly string[];
  readonly parts: readonly Part<Command>[];
}

/** The names by which users call the databases, too: the `provider` of a Prisma schema. */
export const DATABASE_NAMES = ['mysql', 'postgresql', 'sqlite'] as const;
export type DatabaseName = (typeof DATABASE_NAMES)[number];

/** A phrase that each database words in its own way. */
export interface Choice<Command> {
  readonly kind: 'choice';
  readonly of: Readonly<Record<DatabaseName, Part<Command>>> & {
    /** The phrase of a MariaDB that is a Galera cluster, where it differs from that of one server. */
    readonly galera?: Part<Command>;
  };
}

/** A fragment that is repeated for each item. */
export interface Repetition<Command> {
  readonly kind: 'repetition';
  readonly items: Reader<Command, readonly unknown[]>;
  readonly fragment: Fragment<never>;
  readonly separator: string;
}

export type TableName = 'nodes' | 'rings' | 'sessions';

export interface Table {
  readonly kind: 'table';
  readonly name: TableName;
}

interface Typed<Type extends string, Command, Read> {
  readonly kind: 'value';
  readonly type: Type;
  readonly read: Reader<Command, Read>;
}

export interface Bytes<Command> extends Typed<'bytes', Command, Buffer | null> {
  /** The length of each value, where all have the same. */
  readonly width?: number;
}

export type Integer<Command> = Typed<'integer', Command, number>;
export type Flag<Command> = Typed<'flag', Command, boolean>;

/** A value that is read when the statement is sent, however long that had to wait, and again when it is sent again. */
export interface Late {
  readonly kind: 'late';
  readonly type: 'integer' | 'text';
  readonly at: (time: ClusterTime) => bigint | string;
}

/** A value that becomes a parameter. */
export type Value<Command> =
  | Bytes<Command>
  | Flag<Command>
  | Integer<Command>
  | Typed<'bytes[]', Command, readonly Buffer[]>
  | Typed<'count', Command, number>
  | Typed<'integer[]', Command, string>
  | Typed<'text', Command, string>;

export type ValueType = Value<never>['type'];

/** The values of a call among many, by their column names in `input`. */
export interface Columns<Command> extends Readonly<Record<string, ColumnValue<Command>>> {
  readonly storage_key: Bytes<Command>;
}

export type ColumnValue<Command> = Bytes<Command> | Flag<Command> | Integer<Command>;

/** Bytes of any length, or null. */
export function bytes<Command>(read: Reader<Command, Buffer | null>): Bytes<Command> {
  return { kind: 'value', type: 'bytes', read };
}

/** Bytes of one length. */
export function fixedBytes<Command>(width: number, read: Reader<Command, Buffer>): Bytes<Command> {
  return { kind: 'value', type: 'bytes', read, width };
}

export function integer<Command>(read: Reader<Command, number>): Integer<Command> {
  return { kind: 'value', type: 'integer', read };
}

/** A value of the cluster's time. */
export function late(type: Late['type'], at: Late['at']): Late {
  return { kind: 'late', type, at };
}

/** True or false, in a row of `input`. */
export function flag<Command>(read: Reader<Command, boolean>): Flag<Command> {
  return { kind: 'value', type: 'flag', read };
}

export function string<Command>(read: Reader<Command, string>): Value<Command> {
  return { kind: 'value', type: 'text', read };
}

/**
 * Returns true in SQL where the expression before it is one of these: `WHERE storage_key ${oneOf((command) =>
 * command.storageKeys)}`.
 */
export function oneOf<Command>(read: Reader<Command, readonly Buffer[]>): Choice<Command> {
  const list: Value<Command> = { kind: 'value', type: 'bytes[]', read };
  const inList = sql<Command>`IN (${each(read, sql`${item}`)})`;
  return perDatabase({
    mysql: inList,
    postgresql: sql<Command>`= ANY(${list})`,
    sqlite: inList,
  });
}

/** Repeats the fragment for each item, with the item's values. PostgreSQL does without: one text serves any number. */
export function each<Command, Item>(
  items: Reader<Command, readonly Item[]>,
  fragment: Fragment<Item>,
  separator = ', ',
): Repetition<Command> {
  return { kind: 'repetition', items, fragment, separator };
}

/** Words a phrase for each database. */
export function perDatabase<Command>(of: Choice<Command>['of']): Choice<Command> {
  return { kind: 'choice', of };
}

/** Returns a text that is made of constants, such as a list of columns. */
export function constant(text: number | string): Fragment<unknown> {
  return { kind: 'fragment', texts: [String(text)], parts: [] };
}

export function join<Command>(parts: readonly Part<Command>[], separator: string): Fragment<Command> {
  return { kind: 'fragment', texts: ['', ...parts.slice(1).map(() => separator), ''], parts };
}

/** The empty fragment, for a place that another wording fills. */
export const nothing: Fragment<unknown> = constant('');

export const sessions: Table = { kind: 'table', name: 'sessions' };
export const rings: Table = { kind: 'table', name: 'rings' };
export const nodes: Table = { kind: 'table', name: 'nodes' };

export const namespace: Value<unknown> = string((_, name) => name);

/** The item of `each`, where the items are bytes. */
export const item: Value<Buffer> = bytes((value) => value);
