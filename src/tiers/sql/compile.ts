import type { Database } from './dialects/dialect.ts';
import type { Build, LateValue, SqlValue } from './statement.ts';
import { type Fragment, type Part, type Reader, type Repetition, type Value } from './tag.ts';

/** Writes the text of a fragment once; a call only reads its values. */
export function compile<Command>(fragment: Fragment<Command>, database: Database): Build<Command> {
  const compiler = new Compiler<Command>(database);
  compiler.write(fragment);
  compiler.prefix();
  return compiler.build();
}

type Sent = LateValue | SqlValue;

/** A constant text and the values in it. */
interface Constant<Command> {
  readonly text: string;
  readonly readers: readonly Reader<Command, Sent>[];
}

/** A text that grows with the number of items, and the constant text before it. */
interface Growing<Command> {
  readonly before: Constant<Command>;
  readonly items: Reader<Command, readonly unknown[]>;
  readonly each: Constant<unknown>;
  readonly separator: string;
}

class Compiler<Command> {
  readonly #database: Database;
  readonly #growing: Growing<Command>[] = [];
  /** The text since the last one that grows. */
  #text = '';
  #readers: Reader<Command, Sent>[] = [];
  readonly #placeholders = new Map<unknown, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** `margin` is the indentation of the line on which the part stands. */
  write(part: Part<Command>, margin = ''): void {
    const { dialect, tables, time } = this.#database;
    switch (part.kind) {
      case 'choice':
        return this.write((time && part.of.galera) ?? part.of[dialect.name], margin);
      case 'fragment':
        return this.#writeFragment(part, margin);
      case 'late':
        if (time === undefined) throw new TypeError('One server has no time of a cluster.');
        this.#readers.push(() => () => part.at(time));
        this.#text += dialect.placeholder(this.#readers.length, part.type);
        return;
      case 'repetition':
        return this.#writeRepetition(part);
      case 'table':
        this.#text += dialect.quote(tables[part.name]);
        return;
      case 'value':
        this.#text += this.#placeholder(part);
        return;
      default:
        return part satisfies never;
    }
  }

  /** Writes what goes before the whole statement. */
  prefix(): void {
    const prefixed = (text: string): string => this.#database.dialect.prefix(text) + text;
    const [first] = this.#growing;
    if (first === undefined) this.#text = prefixed(this.#text);
    else this.#growing[0] = { ...first, before: { ...first.before, text: prefixed(first.before.text) } };
  }

  build(): Build<Command> {
    const [text, readers, growing] = [this.#text, this.#readers, this.#growing];
    if (growing.length > 0) return buildGrowing(growing, { text, readers });
    return (namespace, command) => ({ text, values: readers.map((read) => read(command, namespace)) });
  }

  #writeFragment({ texts, parts }: Fragment<Command>, margin: string): void {
    let indent = margin;
    for (const [n, text] of texts.entries()) {
      const lines = text.replaceAll('\n', `\n${margin}`);
      this.#text += lines;
      indent = /\n( *)[^\n]*$/.exec(lines)?.[1] ?? indent;
      const part = parts[n];
      if (part) this.write(part, indent);
    }
  }

  #writeRepetition({ items, fragment, separator }: Repetition<Command>): void {
    const inner = new Compiler<unknown>(this.#database);
    inner.write(fragment as Fragment<unknown>);
    if (inner.#growing.length > 0) throw new TypeError('A repetition in a repetition.');
    const each = { text: inner.#text, readers: inner.#readers };
    this.#growing.push({ before: { text: this.#text, readers: this.#readers }, items, each, separator });
    this.#text = '';
    this.#readers = [];
  }

  /** Returns one parameter for each place, or for each value where places can share it. */
  #placeholder(value: Value<Command>): string {
    const { dialect } = this.#database;
    const known = dialect.sharesParameters ? this.#placeholders.get(value) : undefined;
    if (known !== undefined) return known;
    this.#readers.push(parameterOf(value));
    const placeholder = dialect.placeholder(this.#readers.length, value.type);
    this.#placeholders.set(value, placeholder);
    return placeholder;
  }
}

function buildGrowing<Command>(growing: readonly Growing<Command>[], rest: Constant<Command>): Build<Command> {
  return (namespace, command) => {
    let text = '';
    const values: Sent[] = [];
    for (const { before, items, each, separator } of growing) {
      for (const read of before.readers) values.push(read(command, namespace));
      const list = items(command, namespace);
      for (const item of list) for (const read of each.readers) values.push(read(item, namespace));
      text += before.text + list.map(() => each.text).join(separator);
    }
    for (const read of rest.readers) values.push(read(command, namespace));
    return { text: text + rest.text, values };
  };
}

/** Converts a value for the drivers: integers as `bigint`, which is a column of 64 bits everywhere. */
function parameterOf<Command>(value: Value<Command>): Reader<Command, SqlValue> {
  switch (value.type) {
    case 'flag':
      return (command, namespace) => (value.read(command, namespace) ? 1n : 0n);
    case 'integer':
      return (command, namespace) => BigInt(value.read(command, namespace));
    default:
      return value.read;
  }
}
